import { afterEach, beforeEach, expect, it } from 'vitest';
import type { State } from '../../../domain/bpmn/index.ts';
import { createStates } from '../../../infrastructure/embedded-engine/states.ts';
import { createEngineStore } from '../../../infrastructure/embedded-engine/store/store.ts';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import { type InProcess, openInProcess, text } from './engine-in-process.ts';

const MAX_SIZE = 10_000;

let rig: InProcess;
beforeEach(() => {
  rig = openInProcess();
});
afterEach(() => rig.close());

it('keeps no more of large states in memory than its bound, and reads the others when they are asked for', async () => {
  await rig.deploy({ p: [start(), task('a'), end(), flows('start', 'a', 'end')] });
  const { id } = await rig.start('p', { large: text('x'.repeat(MAX_SIZE)) });
  const states = createStates(createEngineStore(rig.db), 2_000, MAX_SIZE);
  const state: State = { seq: 1, nodes: [], waits: [] } as unknown as State;
  // These are not in the database: what is found of them is in memory.
  const ids = Array.from({ length: 50 }, (_, at) => `root-${at}`);
  for (const one of ids) states.put(one, { version: 1, state }, 1_000);
  expect(ids.filter((one) => states.get(one))).toEqual(ids.slice(-10));

  expect(states.get(id)?.state.nodes).not.toEqual([]);
  expect(states.get(id)).not.toBe(states.get(id));
  states.put('root-49', { version: 2, state }, MAX_SIZE + 1);
  expect(states.get('root-49')).toBeUndefined();
});
