import { describe, expect, it } from 'vitest';
import {
  type Command,
  decide,
  stepFailedKey,
  taskKeyPrefix,
} from '../../../domain/process/decide.ts';
import type { ProcessState } from '../../../domain/process/process-state.ts';

const common = { processName: 'onboard-user', identity: { traceabilityId: 't1' } };
const step = { name: 'check', number: 2 };
const failure = {
  taskId: 't',
  attempt: 1,
  input: {},
  kind: 'technical' as const,
  code: 'REMOTE_503',
  message: 'try again',
  retriesLeft: 0,
  retryIn: 0,
};
const pending: ProcessState = {
  correlationId: 'c1',
  processName: 'onboard-user',
  status: 'pending',
  data: null,
  error: null,
  currentStep: null,
  processInstanceId: null,
  startedAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  completedAt: null,
  version: 1,
};
const ended: ProcessState = { ...pending, status: 'ok' };

describe('a decision', () => {
  it('records a start though the process was cancelled before, so that the instance can be found', () => {
    const command: Command = {
      ...common,
      type: 'record-start',
      processInstanceId: 'i',
      requestId: '9',
    };
    expect(decide(command, ended)).toMatchObject([
      { type: 'process-started', dedupeKey: 'started:9' },
    ]);
  });

  it('ends the process by a final step that refuses, without an audit of its own', () => {
    const command: Command = {
      ...common,
      type: 'complete-step',
      audit: { executionTime: 5 },
      step,
      data: { taskId: 't', attempt: 1, input: {}, output: {} },
      ends: { status: 'error', kind: 'business', code: 'NO', message: 'refused', step: 'check' },
    };
    expect(decide(command, pending)).toMatchObject([
      { type: 'step-completed', audit: { executionTime: 5 } },
      {
        type: 'process-failed',
        audit: {},
        identity: common.identity,
        data: { kind: 'business', code: 'NO', message: 'refused', failedStep: 'check' },
      },
    ]);
  });

  it('records the last failure of an ended process without a second end', () => {
    const command: Command = {
      ...common,
      type: 'fail-step',
      step,
      data: failure,
      earlierFailures: 0,
    };
    expect(decide(command, ended).map(({ type }) => type)).toEqual(['step-failed']);
  });

  it('records a step of a process that nobody requested here, and ends it all the same', () => {
    const command: Command = {
      ...common,
      type: 'fail-step',
      step,
      data: failure,
      earlierFailures: 0,
    };
    expect(decide(command, null).map(({ type }) => type)).toEqual([
      'step-failed',
      'process-failed',
    ]);
  });

  it('numbers failures from the log, whatever the engine counts', () => {
    const command: Command = {
      ...common,
      type: 'fail-step',
      step,
      data: { ...failure, retriesLeft: 3, attempt: 9 },
      earlierFailures: 8,
    };
    expect(decide(command, pending)[0]?.dedupeKey).toBe(stepFailedKey('t', 9));
    expect(stepFailedKey('t', 9).startsWith(taskKeyPrefix('t'))).toBe(true);
  });

  it('keeps the reason of its caller in a refused end', () => {
    const outcome = {
      status: 'error',
      kind: 'technical',
      code: 'X',
      message: 'm',
      step: null,
    } as const;
    expect(decide({ ...common, type: 'end-process', outcome }, pending)).toMatchObject([
      {
        type: 'process-failed',
        data: { kind: 'technical', code: 'X', message: 'm', failedStep: null },
      },
    ]);
  });

  it('takes a retry after a technical failure only', () => {
    const retry: Command = { ...common, type: 'retry-process', reason: 'mended' };
    const error = { kind: 'technical', code: 'AWAY', message: 'away', step: null } as const;
    expect(decide(retry, { ...pending, status: 'error', error })).toMatchObject([
      { type: 'process-retried', data: { reason: 'mended' } },
    ]);
    for (const kind of ['business', 'cancelled'] as const) {
      expect(decide(retry, { ...pending, status: 'error', error: { ...error, kind } })).toEqual([]);
    }
    for (const state of [pending, ended, null]) expect(decide(retry, state)).toEqual([]);
  });

  it('records a start that replaces an instance while that one is the last recorded', () => {
    const command: Command = {
      ...common,
      type: 'record-start',
      processInstanceId: 'new',
      requestId: '9',
      replaces: 'old',
    };
    expect(decide(command, { ...pending, processInstanceId: 'old' })).toHaveLength(1);
    expect(decide(command, { ...pending, processInstanceId: 'other' })).toEqual([]);
  });
});
