import { describe, expect, it } from 'vitest';
import { type CheckedEvent, createStreamCheck } from '../../../domain/projection/check-stream.ts';
import { completed, requested } from '../../support/events.ts';

const createdAt = '2026-01-02T03:04:05.000Z';

/** An event as the hash chain finds it. */
function checked(version: number, chain: CheckedEvent['chain'] = 'matches'): CheckedEvent {
  const common = { id: String(10 + version), correlationId: 'one', version, createdAt };
  const event = version === 1 ? requested() : completed();
  return {
    ...common,
    processName: event.processName,
    archivedAt: null,
    chain,
    readIdentifiers: () => undefined,
    read: () => ({ ...event, ...common, schemaVersion: 4 }),
  };
}

function checkOf(events: readonly CheckedEvent[], rowVersion = 0) {
  const check = createStreamCheck(rowVersion);
  for (const event of events) check.add(event);
  return check;
}

describe('the check of a stream', () => {
  it('finds nothing in a stream as it was written, and folds it', () => {
    const check = checkOf([checked(1), checked(2)], 1);
    expect(check).toMatchObject({ broken: null, unreadable: null, foreign: [], events: 2 });
    expect(check.state).toMatchObject({ status: 'ok', version: 2 });
    expect(check.stateOfRow).toMatchObject({ status: 'pending', version: 1 });
    expect(check.unseenSince).toBe(createdAt);
  });

  it('names the first event that is missing, and reports none of those after it', () => {
    const gap = (...versions: number[]) =>
      checkOf(versions.map((version) => checked(version, 'differs'))).broken;
    expect(gap(2, 4)).toEqual({
      kind: 'event-removed',
      version: 1,
      eventId: null,
      message: 'version 1 is missing',
    });
    expect(checkOf([checked(1), checked(4, 'differs'), checked(7)]).broken).toMatchObject({
      kind: 'event-removed',
      version: 2,
      message: 'versions 2 to 3 are missing',
    });
  });

  it('names the first event from which the stream differs from what was written', () => {
    const check = checkOf([checked(1), checked(2, 'differs'), checked(3, 'differs')]);
    expect(check.broken).toEqual({
      kind: 'event-altered',
      version: 2,
      eventId: '12',
      message: 'the stream differs from what was written from version 2 on',
    });
  });

  it('counts events from before there were hashes, and finds one that should have a hash', () => {
    const check = checkOf([checked(1, 'none'), checked(2, 'none'), checked(3)]);
    expect(check).toMatchObject({ broken: null, unhashed: 2 });
    expect(checkOf([checked(1), checked(2, 'missing')]).broken).toMatchObject({
      kind: 'hash-missing',
      version: 2,
    });
  });

  it('finds ids that do not rise', () => {
    expect(checkOf([checked(1), { ...checked(2), id: '11' }]).broken).toMatchObject({
      kind: 'id-order',
      version: 2,
      eventId: '11',
    });
  });

  it('finds an event that cannot be read, and shows nothing of its payload', () => {
    const read = () => JSON.parse('{"secret": 4711');
    const check = checkOf([checked(1), { ...checked(2), read }, checked(3)]);
    expect(check).toMatchObject({
      state: null,
      unreadable: { kind: 'event-unreadable', version: 2, message: expect.stringMatching(/JSON$/) },
    });
  });
});
