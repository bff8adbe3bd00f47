import type { Knex } from 'knex';
import type { Archive } from '../../domain/archive/index.ts';
import { endedBefore, MOVABLE } from './archive-rows.ts';
import { type Column, type Columns, EVENT_LOG, PROCESS_STORE } from './columns.ts';
import type { ListDialect } from './list-processes.ts';

interface PreviewDialect extends Pick<ListDialect, 'time'> {
  /** The bytes of a text, as an expression. */
  bytes(column: string): string;
}

/** Numbers are small beside the texts. */
const NUMBERS: readonly Column['type'][] = ['integer', 'smallint'];

interface Counted {
  processes: number | string;
  events: number | string | null;
  oldest: Date | string | null;
  newest: Date | string | null;
}

/** Counts what would be archived. */
export function createPreview(
  knex: Knex,
  dialect: PreviewDialect,
): Pick<Archive, 'preview' | 'previewBytes'> {
  const movable = (before: string) =>
    knex('process_store as p').whereRaw(`${endedBefore(':before')} AND ${MOVABLE}`, {
      before: dialect.time(before),
    });
  const bytesOf = (row: string, columns: Columns): Knex.Raw => {
    const sizes = Object.entries(columns)
      .filter(([, { type }]) => !NUMBERS.includes(type))
      .map(([name]) => `COALESCE(${dialect.bytes(`${row}.${name}`)}, 0)`);
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
      const ofProcesses = movable(before).select(bytesOf('p', PROCESS_STORE));
      const ofEvents = movable(before)
        .join('event_log as moving', 'moving.correlation_id', 'p.correlation_id')
        .select(bytesOf('moving', EVENT_LOG));
      let bytes = 0;
      for (const query of [ofProcesses, ofEvents]) {
        const [row] = (await query) as unknown as { bytes: number | string | null }[];
        bytes += Number(row?.bytes ?? 0);
      }
      return bytes;
    },
  };
}
