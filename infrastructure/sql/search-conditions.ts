import type { Knex } from 'knex';
import type { Partition } from '../../domain/archive/index.ts';
import {
  behindPrefix,
  type IdentifierIndex,
  type SoughtIdentifier,
  type SoughtText,
} from '../../domain/identifiers/index.ts';
import { TABLES } from './process-tables.ts';

/** How a database is made to use the indexes of a search. */
export interface SearchDialect {
  /** A table that is read by a seek in one of its indexes, whatever the server would choose. */
  seek(table: string): Knex.Raw;
  /** A column whose index is not to be used. */
  unindexed(column: string): string | Knex.Raw;
  /** The text at a path of a JSON column, compared byte by byte, as an expression. */
  jsonText(column: string, path: string): string;
}

/** What processes are searched by that the indexes of their own table do not find in the order of a list. */
export interface SearchCondition {
  /** The ids of the processes of a partition that fulfil it, by an index seek. */
  ids(partition: Partition): Knex.QueryBuilder;
  /**
   * Narrows a query to them, row by row.
   *
   * @param id the column that has the id of a process; left out: that of the partition's table of processes
   */
  narrow(query: Knex.QueryBuilder, partition: Partition, id?: string): void;
}

/** An identifier that is searched for; `hash`: that of a personal one, where there are any. */
export type HashedSought = SoughtIdentifier & { hash: string | null };

/** Knows the hashes of what is searched for. @throws StoreUnavailableError */
export async function withHashes(
  sought: readonly SoughtIdentifier[],
  index: Pick<IdentifierIndex, 'hashOf'>,
): Promise<HashedSought[]> {
  return Promise.all(
    sought.map(async (one) => ({
      ...one,
      hash: one.isPrefix ? null : await index.hashOf(one.name, one.value),
    })),
  );
}

/** An identifier with a value, or with one that begins so. */
export function identifierCondition(
  knex: Knex,
  { seek }: Pick<SearchDialect, 'seek'>,
  { name, value, isPrefix, hash }: HashedSought,
): SearchCondition {
  const inTheClear = (query: Knex.QueryBuilder): Knex.QueryBuilder => {
    query.where({ is_hashed: 0 });
    return isPrefix ? beginsWith(query, 'value', value) : query.where({ value });
  };
  const hashed = (query: Knex.QueryBuilder): Knex.QueryBuilder =>
    query.where({ value: hash, is_hashed: 1 });

  return {
    ids(partition) {
      const table = seek(TABLES[partition].identifiers);
      const rows = (): Knex.QueryBuilder =>
        knex.select('correlation_id').from(table).where({ name });
      if (hash === null) return inTheClear(rows());
      return inTheClear(rows()).unionAll(hashed(rows()));
    },
    narrow(query, partition, id) {
      const { rows, identifiers } = TABLES[partition];
      const outer = id ?? `${rows}.correlation_id`;
      query.whereExists(
        knex
          .select(knex.raw('1'))
          .from(identifiers)
          .whereRaw(`${identifiers}.correlation_id = ${outer}`)
          .where({ name })
          .where((either) => {
            either.where((clear) => void inTheClear(clear));
            if (hash !== null) either.orWhere((personal) => void hashed(personal));
          }),
      );
    },
  };
}

/** An error code that begins so. */
export function errorCodeCondition(
  knex: Knex,
  { seek, unindexed }: SearchDialect,
  prefix: string,
): SearchCondition {
  return {
    ids: (partition) =>
      beginsWith(
        knex.select('correlation_id').from(seek(TABLES[partition].rows)).whereNotNull('error_code'),
        'error_code',
        prefix,
      ),
    narrow: (query) => void beginsWith(query, unindexed('error_code'), prefix),
  };
}

function beginsWith(
  query: Knex.QueryBuilder,
  column: string | Knex.Raw,
  prefix: string,
): Knex.QueryBuilder {
  query.where(column as string, '>=', prefix);
  const end = behindPrefix(prefix);
  return end === null ? query : query.where(column as string, '<', end);
}

/**
 * Narrows a query of events to those that have this error code: failures of steps, and ends of processes.
 *
 * @param prefix of the columns
 */
export function narrowByEventCode(
  query: Knex.QueryBuilder,
  { jsonText }: Pick<SearchDialect, 'jsonText'>,
  { value, isPrefix }: SoughtText,
  prefix: string,
): void {
  const code = jsonText(`${prefix}metadata`, '$.code');
  const end = behindPrefix(value);
  query.where((any) => {
    any.where((failed) => {
      failed.whereRaw(`${prefix}event_type IN ('step-failed', 'process-failed')`);
      if (!isPrefix) failed.whereRaw(`${code} = ?`, [value]);
      else if (end === null) failed.whereRaw(`${code} >= ?`, [value]);
      else failed.whereRaw(`${code} >= ? AND ${code} < ?`, [value, end]);
    });
    const isCancelled = isPrefix ? CANCELLED.startsWith(value) : value === CANCELLED;
    if (isCancelled) any.orWhereRaw(`${prefix}event_type = 'process-cancelled'`);
  });
}

/** The code of a process that was cancelled, whose event has none (`evolve` in domain/process/process-state.ts). */
const CANCELLED = 'CANCELLED';

/** How many processes fulfil each condition in each partition, counted up to one more than `max`. */
export async function countMatches(
  knex: Knex,
  counts: (query: Knex.QueryBuilder) => Promise<Record<string, number | string>>,
  partitions: readonly Partition[],
  conditions: readonly SearchCondition[],
  max: number,
): Promise<(partition: Partition, condition: SearchCondition) => number> {
  const some = (condition: SearchCondition, partition: Partition) => {
    const ids = knex.select('correlation_id').from(condition.ids(partition).as('ids'));
    return knex.from(ids.limit(max + 1).as('some')).count('*');
  };
  const found = await counts(
    knex.select(
      partitions.flatMap((partition) =>
        conditions.map((condition, at) => some(condition, partition).as(`${partition}_${at}`)),
      ),
    ),
  );
  return (partition, condition) => Number(found[`${partition}_${conditions.indexOf(condition)}`]);
}
