import { afterEach, beforeEach, expect, it } from 'vitest';
import { createEngineStore } from '../../../infrastructure/embedded-engine/store/store.ts';
import { createTaskQueues } from '../../../infrastructure/embedded-engine/task-queues.ts';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import { type InProcess, openInProcess } from './engine-in-process.ts';

const MAX_BLOCKED = 10;
const TOPICS = new Set(['p.a']);
const ORDER = { usePriority: true, newestFirst: false };

let rig: InProcess;
beforeEach(async () => {
  rig = openInProcess();
  await rig.deploy({ p: [start(), task('a'), end(), flows('start', 'a', 'end')] });
});
afterEach(() => rig.close());

it('keeps the latest failed tasks in memory only, and hands out an earlier one again that gets a retry', async () => {
  const { externalTasks } = createEngineStore(rig.db);
  const queues = createTaskQueues(externalTasks, Date.now, MAX_BLOCKED);
  for (let at = 0; at < 5 * MAX_BLOCKED; at++) await rig.start('p');
  for (const found of queues.candidates(TOPICS, ORDER)) {
    const { rootId, node } = found;
    const failure = { message: 'broken', details: null, at: Date.now(), availableAt: Date.now() };
    externalTasks.fail(rootId, node, { ...failure, retries: 0 });
    queues.lock(found, 'w', Date.now());
    queues.block(found);
  }
  expect(queues.size).toBe(MAX_BLOCKED);
  expect([...queues.candidates(TOPICS, ORDER)]).toEqual([]);

  const [oldest] = externalTasks.list({}, { firstResult: 0, maxResults: 1 });
  if (!oldest) throw new Error('there are no tasks');
  externalTasks.setRetries(oldest.root_id, oldest.node, 1, Date.now());
  queues.release(queues.remember({ ...oldest, retries: 1 }));
  expect([...queues.candidates(TOPICS, ORDER)]).toMatchObject([{ rootId: oldest.root_id }]);
});

it('gives a failed task to workers again after its retries were set, however many have failed since', async () => {
  const first = await rig.start('p');
  const fail = async (): Promise<string> => {
    const [locked] = await rig.fetch('p.a');
    const id = String(locked?.id);
    const failure = { errorMessage: 'broken', errorDetails: null, retries: 0, retryTimeout: 0 };
    await rig.engine.externalTasks.failure(id, 'w', failure);
    return id;
  };
  const taskId = await fail();
  for (let at = 0; at < 1_001; at++) {
    await rig.start('p');
    await fail();
  }
  // Its worker is not known any more.
  expect(rig.engine.externalTasks.get(taskId)).toMatchObject({ workerId: null, retries: 0 });
  await rig.engine.externalTasks.setRetries(taskId, 1);
  expect(await rig.fetch('p.a', { maxTasks: 9 })).toMatchObject([{ processInstanceId: first.id }]);
});
