import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BusinessRuleError } from '../../../domain/common/errors.ts';
import { defineProcess } from '../../../domain/steps/define-process.ts';
import { createHandleTask } from '../../../domain/steps/handle-task.ts';
import type { StepPorts } from '../../../domain/steps/step-run.ts';
import type { Report, Task } from '../../../domain/steps/task.ts';
import { requested, retried, started } from '../../support/events.ts';
import { openStreamInMemory, type StreamInMemory } from '../../support/stream-in-memory.ts';

const ID = 'order-1';
const RUNNING = new AbortController().signal;

describe('a task of an engine', () => {
  let store: StreamInMemory;
  /** What was reported, with the last event of the journal at that moment. */
  let reports: [kind: string, journaled: string | undefined][];
  let answer: Report;
  let runs: number;
  let handle: () => unknown;
  let engine: Partial<StepPorts['engine']>;

  beforeEach(() => {
    store = openStreamInMemory(ID);
    store.add(requested(), started('instance'));
    reports = [];
    answer = { kind: 'reported' };
    runs = 0;
    handle = () => ({ total: 3 });
    engine = { findInstances: async () => [], retryFailed: async () => {} };
  });

  function taskOf(more: Partial<Task> = {}): Task {
    const report = (kind: string) => async (): Promise<Report> => {
      reports.push([kind, store.types().at(-1)]);
      return answer;
    };
    return {
      id: 'task',
      processKey: 'onboard-user',
      topic: 'onboard-user.add',
      activityId: 'add',
      instanceId: 'instance',
      businessKey: ID,
      retriesLeft: null,
      reportedMark: null,
      variables: {},
      isObject: () => false,
      complete: report('complete'),
      fail: report('fail'),
      refuse: report('refuse'),
      ...more,
    };
  }

  function run(task: Task = taskOf(), stopping = RUNNING): Promise<boolean> {
    const definition = defineProcess({
      key: 'onboard-user',
      title: 'Onboard',
      input: z.object({}),
      settings: z.object({}),
      identifiers: () => ({}),
      example: {},
      steps: (step) => [
        step({
          name: 'add',
          number: 1,
          input: z.object({}),
          output: z.object({ total: z.number() }),
          successText: 'added',
          errorText: 'not added',
          retry: { attempts: 2, backoff: 10 },
          handle: () => {
            runs++;
            return handle() as { total: number };
          },
        }),
      ],
    });
    const steps = definition.steps.map((step) => ({ definition, step, settings: {} }));
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const log = { ...silent, child: () => silent };
    const openHttp = () => async () => ({ status: 200, body: null });
    const ports = { eventStore: store, engine: engine as StepPorts['engine'], openHttp, log };
    return createHandleTask(steps, ports)(task, stopping);
  }

  it('G2: is journaled before the engine gets the report', async () => {
    expect(await run()).toBe(true);
    expect(reports).toEqual([['complete', 'step-completed']]);
  });

  it('G2: that comes again is reported from the journal, and its handler does not run again', async () => {
    answer = { kind: 'unreachable' };
    await run();
    answer = { kind: 'reported' };
    await run();
    expect(runs).toBe(1);
    expect(reports.map(([kind]) => kind)).toEqual(['complete', 'complete']);
    expect(store.types().filter((type) => type === 'step-completed')).toHaveLength(1);
  });

  it('G2: runs again once its failure was reported, and finally fails the process', async () => {
    handle = () => {
      throw new Error('partner away');
    };
    await run();
    const [failed] = await store.findByDedupePrefix('task:task:');
    await run(taskOf({ retriesLeft: 1, reportedMark: `journaled as ${failed?.dedupeKey}` }));
    expect(runs).toBe(2);
    expect(reports.map(([kind]) => kind)).toEqual(['fail', 'fail']);
    expect(store.types().slice(2)).toEqual(['step-failed', 'step-failed', 'process-failed']);
  });

  it('gets its attempts back when the process was retried before its failure was reported', async () => {
    handle = () => {
      throw new Error('partner away');
    };
    const given: string[] = [];
    engine.retryFailed = async (instance) => void given.push(instance);
    const fail: Task['fail'] = async () => {
      store.add(retried());
      return { kind: 'reported' };
    };
    await run(taskOf({ retriesLeft: 1, fail }));
    expect(given).toEqual(['instance']);
  });

  it('is refused by a rule of its step', async () => {
    handle = () => {
      throw new BusinessRuleError('TOO_MANY', 'too many');
    };
    await run();
    expect(reports).toEqual([['refuse', 'step-failed']]);
  });

  it('ends its process when the engine cannot continue after the report', async () => {
    answer = { kind: 'refused', reason: 'an expression failed' };
    await run();
    expect(store.types().at(-1)).toBe('process-failed');
    expect(reports.map(([kind]) => kind)).toEqual(['complete', 'fail']);
  });

  it('G12: is handed back when the service stops before it was begun', async () => {
    expect(await run(taskOf(), AbortSignal.abort())).toBe(false);
    expect(runs).toBe(0);
  });

  it('G17: of no process that was requested here becomes an incident', async () => {
    engine.findRoot = async () => ({
      processInstanceId: 'other',
      processKey: 'onboard-user',
      businessKey: null,
    });
    expect(await run(taskOf({ instanceId: 'other', businessKey: null }))).toBe(true);
    expect(reports.map(([kind]) => kind)).toEqual(['fail']);
    expect(runs).toBe(0);
  });

  it('G17: of a duplicate instance deletes that instance', async () => {
    const deleted: string[] = [];
    engine.cancel = async (instance) => void deleted.push(instance);
    engine.findRoot = async () => ({
      processInstanceId: 'duplicate',
      processKey: 'onboard-user',
      businessKey: ID,
    });
    engine.isRunning = async () => true;
    expect(await run(taskOf({ instanceId: 'duplicate' }))).toBe(true);
    expect([deleted, runs]).toEqual([['duplicate'], 0]);
  });
});
