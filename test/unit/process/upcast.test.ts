import { describe, expect, it } from 'vitest';
import { UnreadableEventError } from '../../../domain/common/errors.ts';
import { CURRENT_SCHEMA_VERSION } from '../../../domain/process/events.ts';
import { upcast, type WrittenEvent } from '../../../domain/process/upcast.ts';

function written(
  type: WrittenEvent['type'],
  schemaVersion: number,
  data: Record<string, unknown>,
): WrittenEvent {
  return {
    type,
    schemaVersion,
    data,
    id: '1',
    correlationId: 'c1',
    version: 3,
    createdAt: '2026-01-01T00:00:00.000Z',
    processName: 'onboard-user',
    identity: {},
    audit: {},
  };
}

describe('the upcast of events', () => {
  it('gives a failed step of version 1 the kind and code that it lacks', () => {
    const event = upcast(written('step-failed', 1, { taskId: 't', message: 'broken' }));
    expect(event).toMatchObject({
      schemaVersion: CURRENT_SCHEMA_VERSION,
      data: { taskId: 't', message: 'broken', kind: 'technical', code: 'STEP_FAILED' },
    });
  });

  it('gives a failed process of version 1 kind, code and step', () => {
    expect(upcast(written('process-failed', 1, { message: 'broken' })).data).toEqual({
      kind: 'technical',
      code: 'PROCESS_FAILED',
      failedStep: null,
      message: 'broken',
    });
  });

  it('keeps what a version 1 event has already', () => {
    const data = { kind: 'business', code: 'NO', message: 'refused', failedStep: 'check' };
    expect(upcast(written('process-failed', 1, data)).data).toEqual(data);
  });

  it.each(['process-requested', 'step-completed', 'process-completed'] as const)(
    'leaves the payload of %s alone',
    (type) => {
      expect(upcast(written(type, 1, { any: 'thing' })).data).toEqual({ any: 'thing' });
    },
  );

  it('changes nothing in a current event, and never the given one', () => {
    const old = written('step-failed', 1, { message: 'broken' });
    upcast(old);
    expect(old).toEqual(written('step-failed', 1, { message: 'broken' }));
    const current = written('step-failed', CURRENT_SCHEMA_VERSION, { message: 'broken' });
    expect(upcast(current)).toEqual(current);
  });

  it('refuses an event that newer code wrote, and names it', () => {
    const newer = written('step-failed', CURRENT_SCHEMA_VERSION + 1, {});
    expect(() => upcast(newer)).toThrow(UnreadableEventError);
    expect(() => upcast(newer)).toThrow(/event 3 of c1 has schema version 5/);
  });
});
