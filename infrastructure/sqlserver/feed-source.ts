import type { Knex } from 'knex';
import type { FeedSource } from '../sql/feed-query.ts';
import type { ReadQueries } from '../sql/read-queries.ts';
import { createFeedPositions } from './feed-positions.ts';

/** Positions are in a table of their own: they are given after the commit, by those who read. */
export function createMssqlFeedSource(reads: ReadQueries): FeedSource {
  const { knex } = reads;
  const placed = (table: string): Knex.QueryBuilder =>
    knex('event_position as place').join(`${table} as event`, 'event.id', 'place.event_id');
  const part = (table: string, after: number, upTo: number): Knex.QueryBuilder =>
    placed(table).where('place.position', '>', after).andWhere('place.position', '<=', upTo);
  return {
    head: createFeedPositions(reads),
    rows: part,
    position: 'place.position',
    prefix: 'event.',
    // Up to a limit: where the log begins with what was archived, each position is a look into the table.
    first: (table, after, upTo) =>
      part(table, after, upTo).select('place.position').orderBy('place.position').limit(1),
    span: (table) => placed(table).min({ first: 'place.position' }).max({ last: 'place.position' }),
    unindexed: (column) => column,
    merged(live, archived, limit) {
      const first = (rows: Knex.QueryBuilder, name: string): Knex.QueryBuilder =>
        knex.select('*').from(rows.orderBy('place.position').limit(limit).as(name));
      const both = first(live, 'live').unionAll(first(archived, 'archived'));
      return knex.select('*').from(both.as('written')).orderBy('position').limit(limit);
    },
    noTime: 'CAST(NULL AS DATETIME2(3))',
  };
}
