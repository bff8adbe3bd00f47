import type { Knex } from 'knex';
import type { FeedSource } from '../feed-rows.ts';

/**
 * The id is the position: there is one writer at a time, and an id, which is given within its transaction, is
 * never used twice, so ids rise in the order of the commits.
 */
export function createSqliteFeedSource(knex: Knex): FeedSource {
  return {
    rows: (table, after, upTo) => knex(table).where('id', '>', after).andWhere('id', '<=', upTo),
    position: 'id',
    prefix: '',
    first: (table, after) => knex(table).min({ position: 'id' }).where('id', '>', after),
    // What was archived, too: it may be the newest, and a position is never taken back.
    head: () => knex('sqlite_sequence').select({ position: 'seq' }).where('name', 'event_log'),
    noTime: 'NULL',
  };
}
