import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineKinds, type TestEngine } from '../../support/engines.ts';
import { copyProcesses, type ProcessCopies } from '../../support/process-folders.ts';
import {
  createFolder,
  type Folder,
  readStreams,
  startTestService,
  type TestService,
} from '../../support/service.ts';

describe.each(await engineKinds())(
  'a release with a changed process, on $name',
  ({ available, open }) => {
    describe.skipIf(!available)('when it is available', () => {
      let engine: TestEngine;
      let folder: Folder;
      let copies: ProcessCopies;
      let service: TestService | undefined;
      let older: string;
      beforeAll(async () => {
        engine = await open();
        folder = createFolder();
        copies = copyProcesses(folder.path, ['gated']);
      });
      afterAll(async () => {
        await service?.stop();
        await copies?.removeFrom(engine.url);
        await engine?.stop();
        folder?.remove();
      });

      async function release(): Promise<TestService> {
        await service?.stop();
        const settings = { PROCESSES_DIR: copies.directory, CAMUNDA_BASE_URL: engine.url };
        service = await startTestService(settings, folder);
        return service;
      }

      /** The deployed versions of the process, from the engine. */
      async function versions(): Promise<number[]> {
        const path = `/process-definition?key=${copies.key('gated')}`;
        const found = (await (await fetch(engine.url + path)).json()) as { version: number }[];
        return found.map(({ version }) => version).sort();
      }

      async function startGated(gate: string): Promise<string> {
        const prefer = { prefer: 'respond-async' };
        const started = await service?.api.start(copies.key('gated'), { gate }, {}, prefer);
        expect(started?.status).toBe(202);
        return started?.body.correlationId ?? '';
      }

      it('is deployed once, however often the service starts', async () => {
        await release();
        older = await startGated('older');
        await until(
          async () => (await service?.api.status(older))?.body.processInstanceId ?? null,
          'the instance runs on version 1',
        );
        await release();
        await release();
        expect(await versions()).toEqual([1]);
      });

      it('lets an instance of the older version run to its end, and starts new ones on the newer', async () => {
        // The newer version holds twice.
        const key = copies.key('gated');
        const file = join(copies.directory, key, `${key}.bpmn`);
        const again = `<bpmn:serviceTask id="again" camunda:type="external" camunda:topic="${key}.hold" />
          <bpmn:sequenceFlow id="flow_4" sourceRef="hold" targetRef="again" />`;
        const model = readFileSync(file, 'utf8')
          .replace('sourceRef="hold"', 'sourceRef="again"')
          .replace('<bpmn:endEvent', `${again}\n    <bpmn:endEvent`);
        writeFileSync(file, model);
        await release();
        expect(await versions()).toEqual([1, 2]);
        const newer = await startGated('newer');
        for (const [gate, id] of [
          ['newer', newer],
          ['older', older],
        ] as const) {
          expect((await service?.api.status(id))?.status).toBe(202);
          folder.open(gate);
          await until(async () => (await service?.api.status(id))?.status === 200, `${gate} ends`);
        }
        await service?.stop();
        const streams = await readStreams(folder);
        const steps = (id: string) =>
          streams
            .find(({ correlationId }) => correlationId === id)
            ?.events.flatMap((event) => (event.type === 'step-completed' ? [event.step.name] : []));
        expect(steps(older)).toEqual(['hold', 'finish']);
        expect(steps(newer)).toEqual(['hold', 'hold', 'finish']);
      });
    });
  },
);
