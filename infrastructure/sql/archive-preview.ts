import type { Knex } from 'knex';
import type { Archive } from '../../domain/archive/index.ts';
import { endedBefore, MOVABLE } from './archive-rows.ts';
import { EVENT_COLUMNS } from './event-row.ts';
import type { ListDialect } from './list-processes.ts';
import { PROCESS_COLUMNS } from './process-row.ts';

export interface PreviewDialect extends Pick<ListDialect, 'time'> {
  /** The bytes of a text, as an expression. */
  bytes(column: string): string;
}

/** Columns of numbers, which are as good as nothing. */
const NUMBERS = ['version', 'schema_version', 'http_status_code', 'step', 'execution_time'];

interface Counted {
  processes: number | string;
  events: number | string | null;
  oldest: Date | string | null;
  newest: Date | string | null;
}

/** Tells what would move. */
export function createPreview(
  knex: Knex,
  dialect: PreviewDialect,
): Pick<Archive, 'preview' | 'previewBytes'> {
  const movable = (before: string) =>
    knex('process_store as p').whereRaw(`${endedBefore(':before')} AND ${MOVABLE}`, {
      before: dialect.time(before),
    });
  const bytesOf = (row: string, columns: readonly string[]): Knex.Raw => {
    const texts = columns.filter((name) => !NUMBERS.includes(name));
    const sizes = texts.map((name) => `COALESCE(${dialect.bytes(`${row}.${name}`)}, 0)`);
    return knex.raw(`SUM(CAST(${sizes.join(' + ')} AS BIGINT)) AS bytes`);
  };
  const time = (value: Date | string | null | undefined): string | null =>
    value ? new Date(value).toISOString() : null;

  return {
    // A stream has as many events as its version says.
    async preview(before) {
      const query = movable(before).select(
        knex.raw(
          'COUNT(*) AS processes, SUM(CAST(p.version AS BIGINT)) AS events, MIN(p.updated_at) AS oldest, MAX(p.updated_at) AS newest',
        ),
      );
      const [row] = (await query) as unknown as Counted[];
      return {
        processes: Number(row?.processes ?? 0),
        events: Number(row?.events ?? 0),
        oldest: time(row?.oldest),
        newest: time(row?.newest),
      };
    },
    async previewBytes(before) {
      const ofProcesses = movable(before).select(bytesOf('p', PROCESS_COLUMNS));
      const ofEvents = movable(before)
        .join('event_log as moving', 'moving.correlation_id', 'p.correlation_id')
        .select(bytesOf('moving', EVENT_COLUMNS));
      let bytes = 0;
      for (const query of [ofProcesses, ofEvents]) {
        const [row] = (await query) as unknown as { bytes: number | string | null }[];
        bytes += Number(row?.bytes ?? 0);
      }
      return bytes;
    },
  };
}
