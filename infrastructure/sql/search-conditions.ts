import type { Knex } from 'knex';
import type { Partition } from '../../domain/archive/index.ts';
import {
  behindPrefix,
  type IdentifierIndex,
  type SoughtIdentifier,
} from '../../domain/identifiers/index.ts';
import { TABLES } from './process-tables.ts';

/** How a database is made to use the indexes of a search. */
export interface SearchDialect {
  /** A table that is read by a seek in one of its indexes, whatever the server would choose. */
  seek(table: string): Knex.Raw;
  /** A column whose index is not to be used. */
  unindexed(column: string): string | Knex.Raw;
}

/** What processes are searched by that the indexes of their own table do not find in the order of a list. */
export interface SearchCondition {
  /** The ids of the processes of a partition that fulfil it, by an index seek. */
  ids(partition: Partition): Knex.QueryBuilder;
  /** Narrows a query of the rows of a partition to them, row by row. */
  narrow(query: Knex.QueryBuilder, partition: Partition): void;
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
    narrow(query, partition) {
      const { rows, identifiers } = TABLES[partition];
      query.whereExists(
        knex
          .select(knex.raw('1'))
          .from(identifiers)
          .whereRaw(`${identifiers}.correlation_id = ${rows}.correlation_id`)
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
