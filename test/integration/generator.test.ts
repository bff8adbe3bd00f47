import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Generated, generateSqlite } from '../../bench/generator/generate.ts';
import type { StoredEvent } from '../../domain/events.ts';
import { fold } from '../../domain/process.ts';
import { expectedHash } from '../../infrastructure/sql/event-hash.ts';
import {
  EVENT_COLUMNS,
  type FoundEventRow,
  fromEventRow,
} from '../../infrastructure/sql/event-row.ts';
import {
  PROCESS_COLUMNS,
  type ProcessRow,
  toProcessRow,
} from '../../infrastructure/sql/process-row.ts';
import { openSqlite } from '../../infrastructure/sql/sqlite/open.ts';
import { temporaryFolder } from '../support/databases.ts';

const UNTIL = '2026-01-31T00:00:00.000Z';
const EVENTS = 5_000;

type Row = FoundEventRow & { id: number };

interface Contents {
  events: Row[];
  processes: (ProcessRow & { archived_at: string | null })[];
  outbox: number;
}

function readAll(file: string): Contents {
  const db = openSqlite(file);
  const both = (table: string, columns: readonly string[], order: string): unknown[] =>
    db
      .prepare(
        `SELECT ${columns.join(', ')}, NULL AS archived_at FROM ${table}
         UNION ALL SELECT ${columns.join(', ')}, archived_at FROM ${table}_archive ORDER BY ${order}`,
      )
      .all();
  const events = both('event_log', ['id', ...EVENT_COLUMNS], 'id') as Row[];
  const processes = both('process_store', PROCESS_COLUMNS, 'correlation_id');
  const { outbox } = db.prepare('SELECT COUNT(*) AS outbox FROM outbox').get() as Contents;
  db.close();
  return { events, processes: processes as Contents['processes'], outbox };
}

function streamsOf(events: readonly Row[]): Map<string, Row[]> {
  const streams = new Map<string, Row[]>();
  for (const row of events) {
    const stream = streams.get(row.correlation_id);
    if (stream) stream.push(row);
    else streams.set(row.correlation_id, [row]);
  }
  return streams;
}

describe('the data generator', () => {
  const folder = temporaryFolder();
  const fresh = (name: string) => join(folder.path, name, 'generated.db');
  let generated: Generated;
  let contents: Contents;
  let streams: Map<string, Row[]>;

  beforeAll(async () => {
    const file = fresh('usual');
    generated = await generateSqlite(file, {
      events: EVENTS,
      until: UNTIL,
      archived: 0.4,
      pending: 0.02,
    });
    contents = readAll(file);
    streams = streamsOf(contents.events);
  });

  afterAll(() => folder.remove());

  it('writes the events that were asked for, in whole processes of 4 to 10', () => {
    expect(generated).toEqual({ events: contents.events.length, processes: streams.size });
    expect(generated.events).toBeGreaterThanOrEqual(EVENTS);
    expect(generated.events).toBeLessThan(EVENTS + 10);
    const lengths = new Set([...streams.values()].map(({ length }) => length));
    expect(Math.min(...lengths)).toBe(4);
    expect(Math.max(...lengths)).toBe(10);
    expect(contents.outbox).toBe(0);
  });

  it('G3: gives every stream gapless versions in the order of the ids', () => {
    for (const rows of streams.values()) {
      expect(rows.map(({ version }) => version)).toEqual(rows.map((_, at) => at + 1));
    }
  });

  it('chains the events of a stream as the service does', () => {
    for (const rows of streams.values()) {
      let previous: Buffer | null = null;
      for (const row of rows) {
        expect(row.hash).toEqual(expectedHash(row, previous));
        previous = row.hash;
      }
    }
  });

  it('G4: writes as process_store what the fold of each stream is', () => {
    expect(contents.processes).toHaveLength(streams.size);
    for (const { archived_at, ...row } of contents.processes) {
      const rows = streams.get(row.correlation_id) ?? [];
      const events: StoredEvent[] = rows.map((one) => fromEventRow(String(one.id), one));
      const state = fold(events);
      expect(row).toEqual(state && toProcessRow(state));
      expect(new Set(rows.map((one) => one.archived_at))).toEqual(new Set([archived_at]));
    }
  });
});
