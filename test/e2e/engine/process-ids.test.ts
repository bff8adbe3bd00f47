import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { bpmn, end, flows, start, task } from '../../support/bpmn/model.ts';
import { until } from '../../support/children.ts';
import { runCommand } from '../../support/commands.ts';
import { engineApi, engineKinds, type TestEngine } from '../../support/engines.ts';
import { writeProcess } from '../../support/process-folders.ts';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../../support/service.ts';

const run = randomUUID().slice(0, 8);
const CHECK = `Prüfung_${run}`;
const ORDER = `注文処理_${run}`;

/** Two tasks in a row, whose ids are of the same script. */
function model(key: string): string {
  return bpmn(
    key,
    start('始め'),
    task('prüfen', `${key}.first`),
    task('ändern', `${key}.last`),
    end('Ende_ß'),
    flows('始め', 'prüfen', 'ändern', 'Ende_ß'),
  );
}

describe.each(await engineKinds())('ids with letters outside of ASCII, on $name', (kind) => {
  describe.skipIf(!kind.available)('in a model and its process folder', () => {
    let engine: TestEngine;
    let folder: Folder;
    let service: TestService;
    let settings: Record<string, string>;

    beforeAll(async () => {
      engine = await kind.open();
      folder = createFolder();
      const processes = join(folder.path, 'processes');
      for (const key of [CHECK, ORDER]) {
        writeProcess(processes, key, model(key), [
          { name: 'first', sets: 'one', reads: ['given'] },
          { name: 'last', sets: 'two', reads: ['one'], ends: 'ok' },
        ]);
      }
      settings = { CAMUNDA_BASE_URL: engine.url, PROCESSES_DIR: processes };
      service = await startTestService(settings, folder);
    });
    afterAll(async () => {
      await service?.stop();
      for (const key of [CHECK, ORDER]) await engineApi(engine.url).removeProcess(key);
      folder?.remove();
      await engine?.stop();
    });

    /** The process keys in an answer. */
    async function keysIn(path: string): Promise<string[]> {
      const { status, text } = await service.api.get(path);
      expect(status, text).toBe(200);
      const keys = text.matchAll(/"process(?:Key)?":\s*"([^"]+)"/g);
      return [...new Set([...keys].map(([, key]) => String(key)))];
    }

    it('run to their end, and are found by their names in every answer, filter and export', async () => {
      for (const key of [CHECK, ORDER]) {
        const begun = await service.api.start(key, { given: 'x' });
        expect([begun.status, begun.body.result]).toEqual([
          200,
          { one: `${key}/first`, two: `${key}/last` },
        ]);
        const { correlationId } = begun.body;
        const query = encodeURIComponent(key);
        const listed = `/api/process?process=${query}`;
        await until(async () => (await keysIn(listed)).includes(key), 'the projection');
        for (const path of [
          `/api/process/status/${correlationId}`,
          `/api/process/${correlationId}/events`,
          listed,
          `/api/events?process=${query}`,
          `/api/analytics/steps?process=${query}&exact=true&groupBy=process`,
          `/api/analytics/processes?process=${query}&exact=true&groupBy=process`,
        ]) {
          expect(await keysIn(path), path).toEqual([key]);
        }
        const exported = await fetch(`${service.url}/api/events?format=csv&process=${query}`);
        const csv = await exported.text();
        expect(csv).toContain(`"${key}"`);
        expect(csv).not.toContain('%');
        const rolled = `/api/analytics/processes?groupBy=process&process=${query}`;
        await until(async () => (await keysIn(rolled)).includes(key), 'the rollups');
      }
      const metrics = await fetch(`${service.url}/metrics`);
      expect(await metrics.text()).toContain(`process="${CHECK}"`);
    });

    it('are deployed once and not again when nothing has changed', async () => {
      const port = createRestEngine({ baseUrl: engine.url });
      for (const key of [CHECK, ORDER]) {
        const content = model(key);
        await port.deploy(key, [{ fileName: `${key}.bpmn`, content }]);
        const path = `/process-definition?key=${encodeURIComponent(key)}`;
        const found = (await (await fetch(engine.url + path)).json()) as unknown[];
        expect(found, key).toMatchObject([{ key, version: 1 }]);
      }
      await port.close();
    });

    const isEmbedded = kind.name === 'the embedded engine';
    it.skipIf(!isEmbedded)(
      'are taken by the commands verify, rebuild, export, archive and restore',
      async () => {
        const { body } = await service.api.start(CHECK, { given: 'x' });
        const id = body.correlationId;
        const env = { DATA_DIR: folder.data };
        const command = async (...args: string[]) => {
          const { code, out, err } = await runCommand(args, env);
          expect(code, `${args.join(' ')}: ${out}${err}`).toBe(0);
          return out;
        };
        await service.stop();
        await command('verify', '--process', CHECK);
        await command('rebuild', '--process', CHECK);
        const lines = await command(
          'export',
          '--process',
          CHECK,
          '--format',
          'ndjson',
          '--out',
          '-',
        );
        expect(lines).toContain(CHECK);
        expect(lines).not.toContain(ORDER);
        await command('archive', '--older-than', '0m');
        await command('verify', '--process', CHECK);
        service = await startTestService(settings, folder);
        expect(
          await keysIn(`/api/process?archive=include&process=${encodeURIComponent(CHECK)}`),
        ).toEqual([CHECK]);
        expect((await service.api.status(id)).body.processKey).toBe(CHECK);
        await service.stop();
        await command('restore', id);
        service = await startTestService(settings, folder);
        expect((await service.api.status(id)).body.processKey).toBe(CHECK);
      },
    );
  });
});
