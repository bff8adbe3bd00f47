import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcess } from '../../../domain/steps/define-process.ts';
import { createHandleTask } from '../../../domain/steps/handle-task.ts';
import type { StepPorts } from '../../../domain/steps/step-run.ts';
import type { Report, Task } from '../../../domain/steps/task.ts';
import { requested, started, stepCompleted } from '../../support/events.ts';
import { openStreamInMemory } from '../../support/stream-in-memory.ts';

const ID = 'order-1';
const NAMES = ['one', 'two', 'three', 'four'] as const;

const definition = defineProcess({
  key: 'onboard-user',
  title: 'Onboard',
  input: z.object({}),
  settings: z.object({}),
  identifiers: () => ({}),
  example: {},
  steps: (step) =>
    NAMES.map((name, at) =>
      step({
        name,
        number: at + 1,
        input: z.object({}),
        output: z.object({ total: z.number() }),
        successText: 'done',
        errorText: 'not done',
        ...(name === 'four' ? { ends: 'ok' as const } : {}),
        handle: () => ({ total: at }),
      }),
    ),
});

function rig() {
  const store = openStreamInMemory(ID);
  store.add(requested(), started('instance'));
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const ports: StepPorts = {
    eventStore: store,
    engine: { findInstances: async () => [] } as unknown as StepPorts['engine'],
    openHttp: () => async () => ({ status: 200, body: null }),
    log: { ...silent, child: () => silent },
  };
  const steps = definition.steps.map((step) => ({ definition, step, settings: {} }));
  const handle = createHandleTask(steps, ports);
  const run = (name: string, more: Partial<Task> = {}): Promise<boolean> => {
    const report = async (): Promise<Report> => ({ kind: 'reported' });
    const task: Task = {
      id: `task-${name}`,
      processKey: 'onboard-user',
      topic: `onboard-user.${name}`,
      activityId: name,
      instanceId: 'instance',
      businessKey: ID,
      retriesLeft: null,
      reportedMark: null,
      variables: {},
      isObject: () => false,
      complete: report,
      fail: report,
      refuse: report,
      ...more,
    };
    return handle(task, new AbortController().signal);
  };
  return { store, run };
}

it('four steps ask the event store four times: the first and the last read the stream, the others look up their task', async () => {
  const { store, run } = rig();
  const asked: [reads: number, lookUps: number][] = [];
  for (const name of NAMES) {
    await run(name);
    asked.push([store.reads, store.lookUps]);
  }
  expect(asked).toEqual([
    [1, 0],
    [1, 1],
    [1, 2],
    [2, 2],
  ]);
  expect(store.types().slice(2)).toEqual([
    ...NAMES.map(() => 'step-completed'),
    'process-completed',
  ]);
});

it('G2: a first and a last step that were journaled before are found in the stream that was read', async () => {
  const { store, run } = rig();
  store.add(stepCompleted('task-one'), stepCompleted('task-four'));
  await run('one');
  await run('four');
  expect(store.types().slice(2)).toEqual(['step-completed', 'step-completed']);
});

it('a last step whose stream has changed while it ran is decided again', async () => {
  const { store, run } = rig();
  await run('one');
  const { append } = store;
  store.append = (...call) => {
    store.append = append;
    store.add(stepCompleted('of-another'));
    return append(...call);
  };
  await run('four');
  expect(store.expected.slice(-2)).toEqual([3, 4]);
  expect(store.types().slice(-2)).toEqual(['step-completed', 'process-completed']);
});
