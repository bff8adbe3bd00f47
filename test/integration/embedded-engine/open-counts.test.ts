import { afterEach, beforeEach, expect, it } from 'vitest';
import { COUNTS_OF_DEFINITION } from '../../../infrastructure/embedded-engine/store/open-counts.ts';
import { end, flows, parallel, start, task } from '../../support/bpmn/model.ts';
import { callActivity } from '../../support/bpmn/notation.ts';
import { type InProcess, openInProcess } from './engine-in-process.ts';

let rig: InProcess;
beforeEach(async () => {
  rig = openInProcess();
  await rig.deploy({ called: [start(), task('work'), end(), flows('start', 'work', 'end')] });
  await rig.deploy({
    forked: [
      start(),
      parallel('fork'),
      task('left'),
      task('right'),
      callActivity('call', 'called'),
      parallel('join'),
      end(),
      flows('start', 'fork', 'left', 'join', 'end'),
      flows('fork', 'right', 'join'),
      flows('fork', 'call', 'join'),
    ],
  });
});
afterEach(() => rig.close());

/** What the engine answers, by process and activity. */
function counted(): Record<string, number> {
  const all: [string, number][] = [];
  for (const { id, key } of rig.engine.deployments.definitions({})) {
    for (const [activity, open] of rig.engine.instances.countOpenActivities(id)) {
      all.push([`${key} ${activity}`, open]);
    }
  }
  return Object.fromEntries(all.sort());
}

/** The same by reading every state, as SQL over their JSON. */
function readFromStates(): Record<string, number> {
  const rows = rig.db
    .prepare<[], { definition: string; element: number; pending: number; open: number }>(
      `SELECT i.definition_id AS definition, n.value ->> 'el' AS element,
         n.value ->> 'pending' IS NOT NULL AS pending, COUNT(*) AS open
       FROM engine_process_instance i
         JOIN engine_state s ON s.root_id = i.root_id
         CROSS JOIN json_each(s.state, '$.nodes') n
       WHERE i.state = 'ACTIVE' AND n.value ->> 'in' = i.node AND n.value ->> 'id' <> i.node
         AND COALESCE(n.value ->> 'kept', n.value ->> 'joined', n.value ->> 'ended') IS NULL
         AND COALESCE(n.value ->> 'pending', '') <> 'stranded'
       GROUP BY definition, element, pending ORDER BY definition, element, pending`,
    )
    .all();
  return Object.fromEntries(
    rows.map(({ definition, element, pending, open }) => [
      `${definition} ${element} ${pending}`,
      open,
    ]),
  );
}

/** The rows that are kept for the answer. */
function kept(): Record<string, number> {
  const rows = rig.db
    .prepare<[], { key: string; open: number }>(
      `SELECT definition_id || ' ' || element || ' ' || pending AS key, open
       FROM engine_open_count WHERE open <> 0 AND element >= 0 ORDER BY definition_id, element, pending`,
    )
    .all();
  return Object.fromEntries(rows.map(({ key, open }) => [key, open]));
}

function expectSame(): void {
  expect(kept()).toEqual(readFromStates());
  const running = rig.db
    .prepare<[], [string, number]>(
      "SELECT definition_id, COUNT(*) FROM engine_process_instance WHERE state = 'ACTIVE' GROUP BY definition_id",
    )
    .raw()
    .all();
  expect(rig.engine.instances.countRunning()).toEqual(new Map(running));
}

it('what is open is counted at each step as the states have it, also of called processes and at joins', async () => {
  for (let nth = 0; nth < 3; nth++) await rig.start('forked');
  expect(counted()).toEqual({
    'called work': 3,
    'forked call': 3,
    'forked left': 3,
    'forked right': 3,
  });
  expectSame();
  await rig.complete('forked.left');
  // It waits at the join, which is not counted.
  expect(counted()).toMatchObject({ 'forked left': 2, 'forked right': 3 });
  expectSame();
  await rig.complete('called.work');
  expect(counted()).toMatchObject({ 'called work': 2, 'forked call': 2 });
  expectSame();
  await rig.restart();
  for (const topic of ['forked.left', 'forked.right', 'called.work']) {
    while (rig.engine.externalTasks.list({ topicName: topic }).length > 0)
      await rig.complete(topic);
    expectSame();
  }
  expect(counted()).toEqual({});
  expect(rig.engine.instances.countRunning()).toEqual(new Map());
});

it('nothing is counted any more of instances that are deleted, readable or not, or go with their deployment', async () => {
  const [first, second] = [await rig.start('forked'), await rig.start('forked')];
  await rig.start('called');
  await rig.engine.instances.delete(first.id, 'cancelled');
  expectSame();
  expect(counted()).toMatchObject({ 'forked left': 1, 'called work': 2 });
  await rig.restart();
  rig.db.prepare("UPDATE engine_state SET state = 'broken' WHERE root_id = ?").run(second.id);
  await rig.engine.instances.delete(second.id, 'cancelled');
  expect(counted()).toEqual({ 'called work': 1 });
  for (const { id } of rig.engine.deployments.deployments()) {
    await rig.engine.deployments.delete(id, true);
  }
  expect(kept()).toEqual({});
});

it('an answer reads a row for each element, and no state, however many instances run', async () => {
  await rig.start('forked');
  const rows = rig.db.prepare('SELECT COUNT(*) FROM engine_open_count').pluck();
  const before = rows.get();
  await Promise.all(Array.from({ length: 100 }, () => rig.start('forked')));
  expect(rows.get()).toBe(before);
  const plan = rig.db
    .prepare<[string, number], { detail: string }>(`EXPLAIN QUERY PLAN ${COUNTS_OF_DEFINITION}`)
    .all('any', 0);
  expect(plan.map(({ detail }) => detail)).toEqual([
    'SEARCH engine_open_count USING PRIMARY KEY (definition_id=? AND element>?)',
  ]);
  rig.db.prepare("UPDATE engine_state SET state = 'broken'").run();
  expect(counted()).toMatchObject({ 'forked left': 101, 'called work': 101 });
  expect([...rig.engine.instances.countRunning().values()]).toEqual([101, 101]);
});

it('a file of an earlier version, which did not count, is counted when it is opened', async () => {
  await rig.start('forked');
  await rig.start('called');
  await rig.complete('forked.left');
  const before = counted();
  rig.db.exec('DROP TABLE engine_open_count; ALTER TABLE engine_state DROP COLUMN open');
  await rig.restart();
  expect(counted()).toEqual(before);
  expectSame();
  for (const topic of ['forked.right', 'called.work', 'called.work']) await rig.complete(topic);
  expect(kept()).toEqual({});
});
