import type { FeedSource } from '../sql/feed-query.ts';
import type { ReadQueries } from '../sql/read-queries.ts';

export const sqliteJsonText = (column: string, path: string): string =>
  `json_extract(${column}, '${path}')`;

/**
 * The id is the position: there is one writer at a time, and an id is assigned within its transaction and never used
 * twice, so ids rise in the order of the commits.
 */
export function createSqliteFeedSource(reads: ReadQueries): FeedSource {
  const { knex } = reads;
  return {
    async head(_enough, signal) {
      // Archived and purged events count, too: one of them may be the newest, and positions never go back.
      const query = knex('sqlite_sequence').select('seq').where('name', 'event_log');
      const [row] = await reads.rows<{ seq: number }>(query, signal);
      return { position: row?.seq ?? 0, isAll: true };
    },
    rows: (table, after, upTo) => knex(table).where('id', '>', after).andWhere('id', '<=', upTo),
    position: 'id',
    // A stream's events have rising ids. By the version they are read in the order of the index, from wherever it is.
    streamOrder: 'version',
    prefix: '',
    first: (table, after) => knex(table).min({ position: 'id' }).where('id', '>', after),
    span: (table) => knex(table).min({ first: 'id' }).max({ last: 'id' }),
    // https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_
    unindexed: (column) => knex.raw(`+${column}`),
    // Row by row from either table, without a sort (MERGE in the plan). That needs a union without nested selects,
    // and so without limits, which SQLite takes only in these.
    merged: (live, archived, limit, order) => live.unionAll(archived).orderBy(order).limit(limit),
    jsonText: sqliteJsonText,
    noTime: 'NULL',
  };
}
