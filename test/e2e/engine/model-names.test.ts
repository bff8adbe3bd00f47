import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { bpmn, end, flows, start, task } from '../../support/bpmn/model.ts';
import { until } from '../../support/children.ts';
import { engineApi, engineKinds, type TestEngine } from '../../support/engines.ts';
import { writeProcess } from '../../support/process-folders.ts';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../../support/service.ts';

const run = randomUUID().slice(0, 8);
/** Process ids as modelers make them, and as people write them. */
const CARD = `Process_${run}.Card-v2`;
const CASH = `cashPayment_${run}`;
const STRANGER = `stranger_${run}`;
const CHARGE = `charge ${run}`;

/** Tasks in a row, each with this topic. */
function model(key: string, topics: Record<string, string>): string {
  const ids = Object.keys(topics);
  const tasks = Object.entries(topics).map(([id, topic]) => task(id, topic));
  return bpmn(key, start(), ...tasks, end(), flows('start', ...ids, 'end'));
}

describe.each(await engineKinds())('models made elsewhere, on $name', ({ available, open }) => {
  describe.skipIf(!available)('whose ids and topics are their own', () => {
    let engine: TestEngine;
    let folder: Folder;
    let service: TestService;

    beforeAll(async () => {
      engine = await open();
      folder = createFolder();
      const processes = join(folder.path, 'processes');
      writeProcess(processes, CARD, model(CARD, { Activity_1: CHARGE, Activity_2: CHARGE }), [
        { name: 'charge', topic: CHARGE, sets: 'first', reads: ['card'] },
        {
          name: 'bye',
          topic: CHARGE,
          tasks: ['Activity_2'],
          ends: 'ok',
          sets: 'last',
          reads: ['first'],
        },
      ]);
      writeProcess(processes, CASH, model(CASH, { take: CHARGE, thank: `${CASH}.thankYou` }), [
        { name: 'takeCash', topic: CHARGE, sets: 'first', reads: ['coins'] },
        { name: 'thankYou', ends: 'ok', sets: 'last', reads: ['first', 'coins'] },
      ]);
      const settings = { CAMUNDA_BASE_URL: engine.url, PROCESSES_DIR: processes };
      service = await startTestService(settings, folder);
    });
    afterAll(async () => {
      await service?.stop();
      for (const key of [CARD, CASH, STRANGER]) await engineApi(engine.url).removeProcess(key);
      folder.remove();
      await engine?.stop();
    });

    it('run side by side on one topic, each with its own steps and variables', async () => {
      const [card, cash] = await Promise.all([
        service.api.start(CARD, { card: '4711' }),
        service.api.start(CASH, { coins: '3' }),
      ]);
      expect([card.status, card.body.result]).toEqual([
        200,
        { first: `${CARD}/charge`, last: `${CARD}/bye` },
      ]);
      expect([cash.status, cash.body.result]).toEqual([
        200,
        { first: `${CASH}/takeCash`, coins: '3', last: `${CASH}/thankYou` },
      ]);
    });

    it('are found in lists, events and analytics by their ids, letter for letter', async () => {
      const { body } = await service.api.start(CARD, { card: '4711' });
      const names = async (path: string) => {
        const answer = await service.api.get(path);
        return [...answer.text.matchAll(/"process(?:Key)?":\s*"([^"]+)"/g)].map(([, key]) => key);
      };
      const query = encodeURIComponent(CARD);
      const listed = `/api/process?process=${query}`;
      await until(async () => (await names(listed)).length > 0, 'the projection');
      for (const path of [listed, `/api/events?process=${query}`]) {
        expect(new Set(await names(path))).toEqual(new Set([CARD]));
        expect(await names(path.replace(query, query.toLowerCase()))).toEqual([]);
      }
      const events = await service.api.get(`/api/process/${body.correlationId}/events`);
      expect(new Set(events.body.events.map(({ processKey }) => processKey))).toEqual(
        new Set([CARD]),
      );
    });

    it('leave the tasks of other applications alone that have the same topic', async () => {
      const port = createRestEngine({ baseUrl: engine.url });
      const content = model(STRANGER, { theirs: CHARGE });
      await port.deploy(STRANGER, [{ fileName: `${STRANGER}.bpmn`, content }]);
      const id = await port.start(STRANGER, randomUUID(), {});
      // What comes after it was done, so it was passed over.
      expect((await service.api.start(CASH, { coins: '1' })).status).toBe(200);
      const [left] = await engineApi(engine.url).tasks(id);
      expect(left).toMatchObject({ workerId: null });
      await port.cancel(id);
      await port.close();
    });
  });
});
