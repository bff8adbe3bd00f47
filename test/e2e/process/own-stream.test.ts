import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESERVED_VARIABLES } from '../../../domain/process/reserved-variables.ts';
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

const ASYNC = { prefer: 'respond-async' };

describe.each(await engineKinds())(
  'variables on $name that name another process',
  ({ available, open }) => {
    describe.skipIf(!available)('when it is available', () => {
      let folder: Folder;
      let engine: TestEngine;
      let copies: ProcessCopies;
      let service: TestService;
      beforeAll(async () => {
        folder = createFolder();
        engine = await open();
        copies = copyProcesses(folder.path, ['listening', 'gated']);
        const settings = { PROCESSES_DIR: copies.directory, CAMUNDA_BASE_URL: engine.url };
        service = await startTestService(settings, folder);
      });
      afterAll(async () => {
        await service?.stop();
        await copies?.removeFrom(engine.url);
        await engine?.stop();
        folder?.remove();
      });

      /** Sends the message straight to the engine, with variables that the service refuses. */
      async function sendForged(
        businessKey: string,
        forged: Record<string, string>,
      ): Promise<void> {
        const variables = Object.entries({ word: 'please', ...forged }).map(([name, value]) => [
          name,
          { type: 'String', value },
        ]);
        await until(async () => {
          const { status } = await fetch(`${engine.url}/message`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
              messageName: 'go-on',
              businessKey,
              processVariables: Object.fromEntries(variables),
            }),
          });
          return status === 204;
        }, 'the engine takes the message');
      }

      it.each([
        ['that waits', true],
        ['that nobody requested', false],
      ])('G17: change nothing in a process %s', async (_, isThere) => {
        const [attacker, victim] = [`attacker-${randomUUID()}`, `victim-${randomUUID()}`];
        if (isThere) {
          const held = { gate: `gate-${victim}` };
          await service.api.start(copies.key('gated'), held, { correlationId: victim }, ASYNC);
        }
        const identity = { batchId: 'own-batch', applicationId: 'own-application' };
        const more = { correlationId: attacker, ...identity };
        await service.api.start(copies.key('listening'), {}, more, ASYNC);
        const forged = Object.fromEntries(RESERVED_VARIABLES.map((name) => [name, 'forged']));
        await sendForged(attacker, { ...forged, correlationId: victim });
        const { body } = await service.api.status(attacker, { prefer: 'wait=20' });
        expect(body).toMatchObject({ status: 'ok', result: { word: 'please' } });
        const after = await service.api.status(victim);
        expect(after.status).toBe(isThere ? 202 : 404);
        if (isThere) {
          folder.open(`gate-${victim}`);
          const end = await service.api.status(victim, { prefer: 'wait=20' });
          expect(end.body).toMatchObject({ status: 'ok', processKey: copies.key('gated') });
        }
        const streams = await readStreams(folder);
        for (const { events } of streams) {
          expect(new Set(events.map(({ processName }) => processName)).size).toBe(1);
          for (const event of events) expect(event.identity).toEqual(events[0]?.identity);
        }
        const own = streams.find(({ correlationId }) => correlationId === attacker);
        expect(own?.events[0]?.identity).toMatchObject(identity);
      });
    });
  },
);
