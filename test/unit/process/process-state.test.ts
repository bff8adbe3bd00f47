import { describe, expect, it } from 'vitest';
import { type Command, decide } from '../../../domain/process/decide.ts';
import type { ProcessEvent, StoredEvent } from '../../../domain/process/events.ts';
import { evolve, fold, type ProcessState } from '../../../domain/process/process-state.ts';

const identity = { batchId: 'b1', traceabilityId: 't1' };
const common = { processName: 'onboard-user', identity };
const step = { name: 'run-background-check', number: 2 };

/** Given events of a stream, when a command comes, then these events follow. */
function given(...events: ProcessEvent[]) {
  const state = fold(events.map(store));
  return { when: (command: Command) => ({ events: decide(command, state), state }) };
}

function store(event: ProcessEvent, index: number): StoredEvent {
  return {
    ...event,
    id: String(index + 1),
    correlationId: 'c1',
    version: index + 1,
    schemaVersion: 2,
    createdAt: `2026-01-01T00:00:0${index}.000Z`,
  };
}

const requested: ProcessEvent = {
  ...common,
  type: 'process-requested',
  audit: {},
  data: { variables: { userId: '42' }, requestHash: 'h' },
};
const started: ProcessEvent = {
  ...common,
  type: 'process-started',
  audit: {},
  data: { processInstanceId: 'i1' },
};
const completedStep: ProcessEvent = {
  ...common,
  type: 'step-completed',
  audit: {},
  step,
  data: { taskId: 't', attempt: 1, input: {}, output: { score: 7 } },
};
const ended: ProcessEvent = {
  ...common,
  type: 'process-completed',
  audit: {},
  data: { result: { message: 'hi' } },
};
const failedStep = {
  taskId: 't',
  attempt: 1,
  input: {},
  kind: 'technical' as const,
  code: 'REMOTE_503',
  message: 'try again',
  retriesLeft: 2,
  retryIn: 200,
};
const ok = { status: 'ok', result: 1 } as const;

describe('the decisions', () => {
  it('request a process that does not exist', () => {
    const { events } = given().when({
      ...common,
      type: 'request-process',
      variables: { userId: '42' },
      requestHash: 'h',
      idempotencyKey: 'k',
    });
    expect(events).toEqual([{ ...requested, dedupeKey: 'k' }]);
  });

  it('do nothing for a request that exists', () => {
    const command = {
      ...common,
      type: 'request-process',
      variables: {},
      requestHash: 'h',
    } as const;
    expect(given(requested).when(command).events).toEqual([]);
  });

  it('record a start once', () => {
    const command = {
      ...common,
      type: 'record-start',
      processInstanceId: 'i1',
      requestId: '1',
    } as const;
    expect(given(requested).when(command).events).toMatchObject([
      { type: 'process-started', data: { processInstanceId: 'i1' }, dedupeKey: 'started:1' },
    ]);
    expect(given(requested, started).when(command).events).toEqual([]);
  });

  it('end the process with its final step', () => {
    const command: Command = {
      ...common,
      type: 'complete-step',
      step,
      data: { taskId: 't', attempt: 1, input: {}, output: { score: 7 } },
      ends: { status: 'ok', result: { score: 7 } },
    };
    expect(given(requested).when(command).events).toMatchObject([
      { type: 'step-completed', dedupeKey: 'task:t:completed' },
      { type: 'process-completed', data: { result: { score: 7 } } },
    ]);
  });

  it('record a late step of an ended process without a second end', () => {
    const command: Command = {
      ...common,
      type: 'complete-step',
      step,
      data: { taskId: 't', attempt: 1, input: {}, output: {} },
      ends: ok,
    };
    expect(given(requested, ended).when(command).events).toHaveLength(1);
  });

  it('keep the process pending while a step has retries left', () => {
    const command: Command = {
      ...common,
      type: 'fail-step',
      step,
      data: failedStep,
      earlierFailures: 0,
    };
    expect(given(requested).when(command).events).toMatchObject([
      { type: 'step-failed', dedupeKey: 'task:t:failed:1' },
    ]);
  });

  it('fail the process when a step has no retries left', () => {
    const command: Command = {
      ...common,
      type: 'fail-step',
      step,
      data: { ...failedStep, retriesLeft: 0 },
      earlierFailures: 2,
    };
    expect(given(requested).when(command).events).toMatchObject([
      { type: 'step-failed', dedupeKey: 'task:t:failed:3' },
      {
        type: 'process-failed',
        data: { kind: 'technical', code: 'REMOTE_503', failedStep: step.name },
      },
    ]);
  });

  it('leave the end to the error path when a step is refused', () => {
    const data = { ...failedStep, kind: 'business' as const, retriesLeft: 0 };
    const command: Command = { ...common, type: 'fail-step', step, data, earlierFailures: 0 };
    expect(
      given(requested)
        .when(command)
        .events.map((event) => event.type),
    ).toEqual(['step-failed']);
  });

  it('end or cancel a pending process only', () => {
    const end: Command = { ...common, type: 'end-process', outcome: ok };
    const cancel: Command = { ...common, type: 'cancel-process', reason: 'no longer wanted' };
    expect(given(requested).when(end).events).toMatchObject([{ type: 'process-completed' }]);
    expect(given(requested).when(cancel).events).toMatchObject([{ type: 'process-cancelled' }]);
    expect(given(requested, ended).when(end).events).toEqual([]);
    expect(given(requested, ended).when(cancel).events).toEqual([]);
  });
});

describe('the fold of the events', () => {
  const stateAfter = (...events: ProcessEvent[]): ProcessState | null => fold(events.map(store));

  it('is pending from the request on', () => {
    expect(stateAfter(requested, started, completedStep)).toEqual({
      correlationId: 'c1',
      processName: 'onboard-user',
      status: 'pending',
      data: null,
      error: null,
      currentStep: step.name,
      processInstanceId: 'i1',
      startedAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:02.000Z',
      completedAt: null,
      version: 3,
    });
  });

  it('is ok with the result', () => {
    expect(stateAfter(requested, ended)).toMatchObject({
      status: 'ok',
      data: { message: 'hi' },
      completedAt: '2026-01-01T00:00:01.000Z',
    });
  });

  it('is an error with kind, code, message and step', () => {
    const failed: ProcessEvent = {
      ...common,
      type: 'process-failed',
      audit: {},
      data: { kind: 'business', code: 'NO', message: 'refused', failedStep: step.name },
    };
    expect(stateAfter(requested, failed)).toMatchObject({
      status: 'error',
      error: { kind: 'business', code: 'NO', message: 'refused', step: step.name },
    });
  });

  it('is an error when cancelled', () => {
    const cancelled: ProcessEvent = {
      ...common,
      type: 'process-cancelled',
      audit: {},
      data: { reason: 'no longer wanted' },
    };
    expect(stateAfter(requested, completedStep, cancelled)).toMatchObject({
      status: 'error',
      error: { kind: 'cancelled', message: 'no longer wanted', step: step.name },
    });
  });

  it('keeps the first end, whatever comes after it', () => {
    const late: ProcessEvent = {
      ...common,
      type: 'process-cancelled',
      audit: {},
      data: { reason: 'late' },
    };
    expect(stateAfter(requested, ended, completedStep, late)).toMatchObject({
      status: 'ok',
      currentStep: null,
      version: 4,
    });
  });

  it('takes a first step that was journaled before the start', () => {
    expect(stateAfter(requested, completedStep, started)).toMatchObject({
      currentStep: step.name,
      processInstanceId: 'i1',
    });
  });

  it('gives the same state in one go and event by event', () => {
    const events = [requested, started, completedStep, ended].map(store);
    const oneByOne = events.reduce<ProcessState | null>(evolve, null);
    expect(fold(events.slice(2), fold(events.slice(0, 2)))).toEqual(oneByOne);
  });

  describe('with a retry', () => {
    const failedBy = (kind: 'business' | 'technical', code: string): ProcessEvent => ({
      ...common,
      type: 'process-failed',
      audit: {},
      data: { kind, code, message: 'it broke', failedStep: step.name },
    });
    const retried: ProcessEvent = {
      ...common,
      type: 'process-retried',
      audit: {},
      data: { reason: 'mended' },
    };

    it('makes a technical failure pending again, with nothing left of the end', () => {
      expect(stateAfter(requested, started, failedBy('technical', 'AWAY'), retried)).toMatchObject({
        status: 'pending',
        error: null,
        completedAt: null,
        processInstanceId: 'i1',
        version: 4,
      });
    });

    it('lets the first end after it decide', () => {
      const broken = failedBy('technical', 'AWAY');
      expect(stateAfter(requested, broken, retried, ended, broken)).toMatchObject({
        status: 'ok',
        error: null,
      });
      expect(
        stateAfter(requested, broken, retried, failedBy('business', 'NO'), ended),
      ).toMatchObject({ status: 'error', error: { code: 'NO' } });
    });

    it('changes nothing for another end, nor for a pending process', () => {
      for (const end of [ended, failedBy('business', 'NO')]) {
        const { status, error } = stateAfter(requested, end) ?? {};
        expect(stateAfter(requested, end, retried)).toMatchObject({ status, error });
      }
      expect(stateAfter(requested, retried)).toMatchObject({ status: 'pending', version: 2 });
    });
  });
});
