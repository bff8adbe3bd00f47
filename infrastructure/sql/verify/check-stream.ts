import { evolve, type ProcessState } from '../../../domain/process/index.ts';
import { contentHash, expectedHash, HASHED_SINCE } from '../event-hash.ts';
import { type FoundEventRow, fromEventRow } from '../event-row.ts';
import { createOriginCheck, type OriginCheck, type Stray } from './check-origin.ts';
import type { Link } from './explain-chain.ts';

export interface UnreadableEvent {
  id: string;
  version: number;
  reason: string;
}

/** What is known of the events of one stream that were added so far, in the order of their versions. */
export interface StreamCheck {
  events: number;
  /** Events from before there were hashes. */
  unhashed: number;
  /** False once a version, an id or a hash does not follow the one before it. */
  sound: boolean;
  lastVersion: number;
  /** As it is stored. */
  processName: string | null;
  /** Null for a live stream. */
  archivedAt: string | null;
  unreadable: UnreadableEvent | null;
  /** Fold of all events; null without any, and behind an unreadable one. */
  state: ProcessState | null;
  /** Fold of the events that the row has seen; null unless the stream holds just these. */
  stateOfRow: ProcessState | null;
  /** Time of the first event that the row has not seen. */
  unseenSince: string | null;
  /** What does not belong in the stream, as far as its events can be read. */
  strays: readonly Stray[];
  /** All links of the chain, when they were asked for. */
  links: Link[];
  add(id: string, row: FoundEventRow): void;
}

/**
 * Looks at a stream event by event, in constant memory unless the links are kept.
 *
 * @param rowVersion version of the process's row, 0 without one
 */
export function createStreamCheck(rowVersion: number, keepLinks: boolean): StreamCheck {
  const origin = createOriginCheck();
  let previous: Buffer | null = null;
  let lastId = 0;
  return {
    events: 0,
    unhashed: 0,
    sound: true,
    lastVersion: 0,
    processName: null,
    archivedAt: null,
    unreadable: null,
    state: null,
    stateOfRow: null,
    unseenSince: null,
    strays: origin.strays,
    links: [],
    add(id, row) {
      const hash = hashOf(row);
      const fits = hash?.equals(expectedHash(row, previous)) ?? false;
      if (row.version !== this.lastVersion + 1 || Number(id) <= lastId) this.sound = false;
      if (hash === null) {
        if (previous !== null || row.schema_version >= HASHED_SINCE) this.sound = false;
        else this.unhashed++;
      } else if (!fits) this.sound = false;
      if (keepLinks) {
        const { version, created_at: createdAt, schema_version: schemaVersion } = row;
        const content = contentHash(row);
        this.links.push({ id, version, createdAt, schemaVersion, content, hash });
      }
      if (this.events === 0) this.archivedAt = row.archived_at;
      this.events++;
      this.processName ??= row.process_name;
      this.lastVersion = row.version;
      lastId = Number(id);
      previous = hash;
      if (row.version > rowVersion) this.unseenSince ??= row.created_at;
      foldIn(this, origin, id, fits ? withoutPayload(row) : row);
      if (row.version === rowVersion) this.stateOfRow = this.state;
    },
  };
}

/**
 * An event that is proven to be as it was written can be read: what its fold does not look at is not
 * parsed, which is most of it.
 */
function withoutPayload(row: FoundEventRow): FoundEventRow {
  const isEnd = row.event_type === 'process-completed';
  const response_data = isEnd ? row.response_data : null;
  return { ...row, request_data: null, response_data, identifiers: null };
}

function foldIn(check: StreamCheck, origin: OriginCheck, id: string, row: FoundEventRow): void {
  if (check.unreadable) return;
  try {
    const event = fromEventRow(id, row);
    origin.add(event);
    check.state = evolve(check.state, event);
  } catch (error) {
    // Anything may be in a row that somebody changed: JSON that is none, a type that there is not.
    check.state = null;
    check.unreadable = {
      id,
      version: row.version,
      reason: error instanceof SyntaxError ? 'it holds no JSON' : reasonOf(error),
    };
  }
}

/** The hash of a row; bytes that are no hash become one that fits nothing. */
function hashOf({ hash }: { hash: unknown }): Buffer | null {
  if (hash === null) return null;
  return Buffer.isBuffer(hash) && hash.length === 32 ? hash : Buffer.alloc(32);
}

/** A message of ours says what is wrong; any other may quote what it met. */
function reasonOf(error: unknown): string {
  const known = error instanceof Error && 'code' in error;
  return known ? error.message : 'it is of no known form';
}
