import type { Knex } from 'knex';
import type { FeedSource } from '../sql/feed-query.ts';
import type { ReadQueries } from '../sql/read-queries.ts';
import { createFeedPositions } from './feed-positions.ts';

export const mssqlJsonText = (column: string, path: string): string =>
  `JSON_VALUE(${column}, '${path}') COLLATE Latin1_General_BIN2`;

/** Positions are in a table of their own: readers assign them after the commit. */
export function createMssqlFeedSource(reads: ReadQueries): FeedSource {
  const { knex } = reads;
  const withPositions = (table: string): Knex.QueryBuilder =>
    knex('event_position as positioned').join(
      `${table} as event`,
      'event.id',
      'positioned.event_id',
    );
  const part = (table: string, after: number, upTo: number): Knex.QueryBuilder =>
    withPositions(table)
      .where('positioned.position', '>', after)
      .andWhere('positioned.position', '<=', upTo);
  return {
    head: createFeedPositions(reads),
    rows: part,
    position: 'positioned.position',
    streamOrder: 'positioned.position',
    prefix: 'event.',
    // Up to a limit: where the log begins with archived events, each position costs a look-up in the table.
    first: (table, after, upTo) =>
      part(table, after, upTo)
        .select('positioned.position')
        .orderBy('positioned.position')
        .limit(1),
    span: (table) =>
      withPositions(table)
        .min({ first: 'positioned.position' })
        .max({ last: 'positioned.position' }),
    unindexed: (column) => column,
    merged(live, archived, limit) {
      const first = (rows: Knex.QueryBuilder, name: string): Knex.QueryBuilder =>
        knex.select('*').from(rows.orderBy('positioned.position').limit(limit).as(name));
      const both = first(live, 'live').unionAll(first(archived, 'archived'));
      return knex.select('*').from(both.as('written')).orderBy('position').limit(limit);
    },
    jsonText: mssqlJsonText,
    noTime: 'CAST(NULL AS DATETIME2(3))',
  };
}
