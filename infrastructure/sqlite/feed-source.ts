import type { FeedSource } from '../sql/feed-query.ts';
import type { ReadQueries } from '../sql/read-queries.ts';

/**
 * The id is the position: there is one writer at a time, and an id, which is given within its transaction, is
 * never used twice, so ids rise in the order of the commits.
 */
export function createSqliteFeedSource(reads: ReadQueries): FeedSource {
  const { knex } = reads;
  return {
    async head(_enough, signal) {
      // What was archived or purged counts, too: it may be the newest, and a position is never taken back.
      const query = knex('sqlite_sequence').select('seq').where('name', 'event_log');
      const [row] = await reads.rows<{ seq: number }>(query, signal);
      return { position: row?.seq ?? 0, isAll: true };
    },
    rows: (table, after, upTo) => knex(table).where('id', '>', after).andWhere('id', '<=', upTo),
    position: 'id',
    prefix: '',
    first: (table, after) => knex(table).min({ position: 'id' }).where('id', '>', after),
    span: (table) => knex(table).min({ first: 'id' }).max({ last: 'id' }),
    // https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_
    unindexed: (column) => knex.raw(`+${column}`),
    // Row by row from the one or the other, without a sort (MERGE in the plan): so no selects within it, nor
    // limits, which SQLite takes only there.
    merged: (live, archived, limit) => live.unionAll(archived).orderBy('position').limit(limit),
    noTime: 'NULL',
  };
}
