import type { CheckedEvent } from '../../domain/projection/index.ts';
import { expectedHash, HASHED_SINCE } from './event-hash.ts';
import { type FoundEventRow, fromEventRow } from './event-row.ts';
import { readIdentifiers } from './identifier-rows.ts';
import { decodeName } from './process-name.ts';

/**
 * Compares events with the hash chains of their streams. The rows must come stream by stream, in the order of
 * their versions.
 */
export function createChainCheck(): (id: string | number, row: FoundEventRow) => CheckedEvent {
  let correlationId: string | undefined;
  let previous: Buffer | null = null;

  function chainOf(row: FoundEventRow, hash: Buffer | null): CheckedEvent['chain'] {
    if (hash) return hash.equals(expectedHash(row, previous)) ? 'matches' : 'differs';
    return previous || row.schema_version >= HASHED_SINCE ? 'missing' : 'none';
  }

  return (id, row) => {
    if (row.correlation_id !== correlationId) {
      correlationId = row.correlation_id;
      previous = null;
    }
    const hash = hashOf(row);
    const chain = chainOf(row, hash);
    previous = hash;
    return {
      id,
      correlationId,
      version: row.version,
      processName: decodeName(row.process_name ?? ''),
      createdAt: row.created_at,
      archivedAt: row.archived_at,
      chain,
      readIdentifiers: () => readIdentifiers(row.version === 1 ? row.identifiers : null),
      read: () => fromEventRow(String(id), chain === 'matches' ? withoutPayload(row) : row),
    };
  };
}

/** Bytes that are not a hash become one that matches nothing. */
function hashOf({ hash }: { hash: unknown }): Buffer | null {
  if (hash === null) return null;
  return Buffer.isBuffer(hash) && hash.length === 32 ? hash : Buffer.alloc(32);
}

/**
 * An event that is as it was written can be read: what its fold does not need, which is most of it, is not
 * parsed.
 */
function withoutPayload(row: FoundEventRow): FoundEventRow {
  const isEnd = row.event_type === 'process-completed';
  const response_data = isEnd ? row.response_data : null;
  return { ...row, request_data: null, response_data, identifiers: null };
}
