import type { IdentifierSource } from '../identifiers/index.ts';
import { evolve, type ProcessState } from '../process/index.ts';
import { createOriginCheck, type OriginCheck } from './check-origin.ts';
import type { UnreadEvent } from './projected-row.ts';
import type { StreamFault } from './verification.ts';

/** An event with what the hash chain of its stream says about it. */
export interface CheckedEvent extends UnreadEvent {
  createdAt: string;
  /**
   * `matches`: it is as it was written, and follows the event before it. `none`: it was written before there were
   * hashes, as all events before it. `missing`: it should have a hash.
   */
  chain: 'matches' | 'differs' | 'missing' | 'none';
}

/** What is known of the events of one stream. */
export interface StreamCheck {
  events: number;
  /** Events from before there were hashes. */
  unhashed: number;
  lastVersion: number;
  processName: string | null;
  /** Null for a live stream. */
  archivedAt: string | null;
  /** Those of its first event. */
  identifiers: IdentifierSource | null;
  /** Where the stream stops being what was written. */
  broken: StreamFault | null;
  unreadable: StreamFault | null;
  /** Events that do not belong to the process. */
  foreign: readonly StreamFault[];
  /** Fold of all events; null without any, and after an unreadable one. */
  state: ProcessState | null;
  /** Fold of the events that the row has seen; null unless the stream has exactly these. */
  stateOfRow: ProcessState | null;
  /** Time of the first event that the row has not seen. */
  unseenSince: string | null;
  /** Events must come in the order of their versions. */
  add(event: CheckedEvent): void;
}

/**
 * Checks a stream event by event, in constant memory.
 *
 * @param rowVersion version of the process's row, 0 without one
 */
export function createStreamCheck(rowVersion: number): StreamCheck {
  const origin = createOriginCheck();
  let lastId = 0;
  return {
    events: 0,
    unhashed: 0,
    lastVersion: 0,
    processName: null,
    archivedAt: null,
    identifiers: null,
    broken: null,
    unreadable: null,
    foreign: origin.faults,
    state: null,
    stateOfRow: null,
    unseenSince: null,
    add(event) {
      const { version, chain, createdAt } = event;
      this.broken ??= findBreak(event, this.lastVersion, lastId);
      if (chain === 'none') this.unhashed++;
      if (this.events === 0) {
        this.archivedAt = event.archivedAt;
        this.processName = event.processName;
        const identifiers = version === 1 ? event.readIdentifiers() : undefined;
        const { correlationId, processName } = event;
        if (identifiers) this.identifiers = { correlationId, processName, identifiers };
      }
      this.events++;
      this.lastVersion = version;
      lastId = Number(event.id);
      if (version > rowVersion) this.unseenSince ??= createdAt;
      foldIn(this, origin, event);
      if (version === rowVersion) this.stateOfRow = this.state;
    },
  };
}

/** Events after the first break are not explained: nobody knows what they looked like. */
function findBreak(event: CheckedEvent, lastVersion: number, lastId: number): StreamFault | null {
  const { version, chain } = event;
  const at = { version, eventId: String(event.id) };
  const next = lastVersion + 1;
  if (version > next) {
    const missing =
      version - next === 1 ? `version ${next} is` : `versions ${next} to ${version - 1} are`;
    return { kind: 'event-removed', version: next, eventId: null, message: `${missing} missing` };
  }
  if (chain === 'missing') return { ...at, kind: 'hash-missing', message: 'the event has no hash' };
  if (chain === 'differs') {
    const message = `the stream differs from what was written from version ${version} on`;
    return { ...at, kind: 'event-altered', message };
  }
  if (Number(event.id) > lastId) return null;
  const message = `its id is not above ${lastId}, that of the version before it`;
  return { ...at, kind: 'id-order', message };
}

function foldIn(check: StreamCheck, origin: OriginCheck, unread: CheckedEvent): void {
  if (check.unreadable) return;
  try {
    const event = unread.read();
    origin.add(event);
    check.state = evolve(check.state, event);
  } catch (error) {
    // A row that somebody changed may hold anything: malformed JSON, an unknown event type.
    const reason = error instanceof SyntaxError ? 'it holds no JSON' : reasonOf(error);
    check.state = null;
    check.unreadable = {
      kind: 'event-unreadable',
      version: unread.version,
      eventId: String(unread.id),
      message: `the event cannot be read: ${reason}`,
    };
  }
}

/** Only messages of our own are shown: any other may quote payload. */
function reasonOf(error: unknown): string {
  const isOurs = error instanceof Error && 'code' in error;
  return isOurs ? error.message : 'it has no known form';
}
