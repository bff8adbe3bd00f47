import type { Knex } from 'knex';
import type { FeedSource } from '../feed-rows.ts';

/** Positions are in a table of their own: they are given after the commit. */
export function createMssqlFeedSource(knex: Knex): FeedSource {
  const placed = (table: string, after: number): Knex.QueryBuilder =>
    knex('event_position as place')
      .join(`${table} as event`, 'event.id', 'place.event_id')
      .where('place.position', '>', after);
  return {
    rows: (table, after, upTo) => placed(table, after).andWhere('place.position', '<=', upTo),
    position: 'place.position',
    prefix: 'event.',
    first: (table, after) =>
      placed(table, after).select('place.position').orderBy('place.position').limit(1),
    head: () => knex('event_position').max({ position: 'position' }),
    noTime: 'CAST(NULL AS DATETIME2(3))',
  };
}
