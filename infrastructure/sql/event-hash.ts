import { hash } from 'node:crypto';
import { EVENT_COLUMNS, type EventRow } from './columns.ts';

/** Events of this schema version and later carry a hash. */
export const HASHED_SINCE = 3;

/**
 * Everything that the writer of an event decides. Version, time and id are assigned at the insert. `actor` comes
 * last, and only where there is one, so that the hashes of events from before that column are still the same.
 */
const CONTENT = EVENT_COLUMNS.filter(
  (name): name is Exclude<typeof name, 'version' | 'actor' | 'created_at' | 'hash'> =>
    name !== 'version' && name !== 'actor' && name !== 'created_at' && name !== 'hash',
);

/**
 * SHA-256, in hexadecimal digits, over the content of an event as it is stored: its columns one after the
 * other, a text as its length in UTF-16 code units, a colon and itself, a number with a semicolon behind it,
 * NULL as a hyphen. So no two contents have the same text.
 *
 * Tried: the columns as a JSON list. Escaping JSON once more takes twice as long as the hash.
 */
export function contentHash(row: EventRow): string {
  let text = '';
  for (const name of CONTENT) {
    const value = row[name];
    if (value === null) text += '-';
    else text += typeof value === 'number' ? `${value};` : `${value.length}:${value}`;
  }
  if (row.actor !== null) text += `${row.actor.length}:${row.actor}`;
  return hash('sha256', text);
}

/**
 * An event's link of the hash chain of its stream: SHA-256 over the hash of the event before it, its
 * version, its time and the hash of its content. To hide a change, all hashes after it have to be changed as well.
 *
 * A hash goes into the next one as four signed integers of 64 bits, big-endian, in decimal digits with dots
 * between them: that is the one text of bytes that every server that speaks T-SQL makes the same way, and on
 * SQL Server version and time are known in the statement only (`sqlserver/hash-chain.ts`).
 *
 * @param previous null for the first event of a stream, and after one from before there were hashes
 * @param createdAt ISO 8601
 */
export function chainHash(
  previous: Buffer | null,
  event: { version: number; createdAt: string; content: string },
): Buffer {
  const { version, createdAt, content } = event;
  const text = `${previous ? decimal(previous) : ''}:${version}:${Date.parse(createdAt)}:${content}`;
  return hash('sha256', text, 'buffer');
}

/** The hash that a row should have, given the row before it in its stream. */
export function expectedHash(row: EventRow, previous: Buffer | null): Buffer {
  return chainHash(previous, {
    version: row.version,
    createdAt: row.created_at,
    content: contentHash(row),
  });
}

function decimal(bytes: Buffer): string {
  return `${bytes.readBigInt64BE(0)}.${bytes.readBigInt64BE(8)}.${bytes.readBigInt64BE(16)}.${bytes.readBigInt64BE(24)}`;
}
