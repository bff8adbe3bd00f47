import type { Knex } from 'knex';
import type { EventType } from '../../domain/process/index.ts';
import { PROCESS_EVENTS, type RollupCheck, type RollupCount } from '../../domain/rollups/index.ts';
import { ARCHIVE, type FeedSource, LIVE } from './feed-query.ts';
import { decodeName } from './process-name.ts';
import type { ReadQueries } from './read-queries.ts';

interface CountRow {
  process_name: string | null;
  event_type: string;
  count: number | string;
}
type SumRow = CountRow & { position: number | string; grain: number };

/** Sums over the rollups and counts of the events, each in one statement, once for both databases. */
export function createRollupCheck(reads: ReadQueries, source: FeedSource): RollupCheck {
  const { knex } = reads;

  /** With the position in the same statement, because the job advances it. */
  const sums = (table: string, type: Knex.Raw): Knex.QueryBuilder =>
    knex(`${table} as r`)
      .join('rollup_state as s', 's.generation', 'r.generation')
      .where('s.is_current', 1)
      .select('s.position', 'r.grain', 'r.process_name', { event_type: type })
      .sum({ count: 'r.event_count' })
      .groupBy('s.position', 'r.grain', 'r.process_name', type as unknown as string);

  function counts(upTo: number): Knex.QueryBuilder {
    const { prefix } = source;
    const [live, archived] = [LIVE, ARCHIVE].map((table) =>
      source
        .rows(table, 0, upTo)
        .select({ process_name: `${prefix}process_name`, event_type: `${prefix}event_type` })
        .count({ count: '*' })
        .groupBy(`${prefix}process_name`, `${prefix}event_type`),
    ) as [Knex.QueryBuilder, Knex.QueryBuilder];
    // Each inside a select of its own: otherwise Knex puts the GROUP BY of the first one after all of them.
    return knex
      .select('*')
      .from(live.as('live'))
      .unionAll(knex.select('*').from(archived.as('archived')));
  }

  return {
    async counts(signal) {
      const step = knex.raw("CASE r.status WHEN 'ok' THEN 'step-completed' ELSE 'step-failed' END");
      // This row exists even when the rollups are empty.
      const state = knex('rollup_state')
        .where('is_current', 1)
        .select(
          'position',
          knex.raw("0 AS grain, '' AS process_name, '' AS event_type, 0 AS count"),
        );
      const all = state.unionAll([
        sums('step_rollup', step),
        sums('process_rollup', knex.raw('r.event_type')),
      ]);
      const found = await reads.rows<SumRow>(all, signal);
      const upTo = Number(found[0]?.position ?? 0);
      const events = await reads.rows<CountRow>(counts(upTo), signal);
      return {
        counted: found
          .filter(({ grain }) => grain > 0)
          .map((row) => ({ ...toCount(row), grain: row.grain })),
        events: events.map(toCount).filter(({ eventType }) => isCounted(eventType)),
      };
    },
  };
}

function toCount({ process_name: name, event_type: eventType, count }: CountRow): RollupCount {
  return { processName: decodeName(name ?? ''), eventType, count: Number(count) };
}

function isCounted(type: string): boolean {
  return PROCESS_EVENTS.has(type as EventType) || type.startsWith('step-');
}
