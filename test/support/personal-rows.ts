import { expect } from 'vitest';
import type { StoredEvent } from '../../domain/process/events.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { expectedHash } from '../../infrastructure/sql/event-hash.ts';
import type { EventRow } from '../../infrastructure/sql/event-row.ts';

/** The events of a process as they are stored, live or archived. */
export async function rowsOf({ knex }: Pick<Database, 'knex'>, id: string): Promise<EventRow[]> {
  for (const table of ['event_log', 'event_log_archive']) {
    const rows = await knex(table).where({ correlation_id: id }).orderBy('version');
    if (rows.length === 0) continue;
    return rows.map((row) => ({ ...row, created_at: new Date(row.created_at).toISOString() }));
  }
  return [];
}

/** All that the tables hold of a process. */
export async function storedOf({ knex }: Pick<Database, 'knex'>, id: string): Promise<string> {
  const tables = ['event_log', 'event_log_archive', 'process_store', 'process_store_archive'];
  const rows = await Promise.all(tables.map((table) => knex(table).where({ correlation_id: id })));
  const outbox = await knex('outbox').where({ correlation_id: id });
  return JSON.stringify([rows, outbox]);
}

/** The rows of a stream have the hashes that they should have. */
export function expectChain(rows: readonly EventRow[]): void {
  let previous: Buffer | null = null;
  for (const row of rows) {
    expect(row.hash?.toString('hex')).toBe(expectedHash(row, previous).toString('hex'));
    previous = row.hash;
  }
}

/** What callers see of events, without what the store adds. */
export const contents = (events: readonly StoredEvent[]) =>
  events.map(({ type, data, identity: { identifiers } }) => ({ type, data, identifiers }));
