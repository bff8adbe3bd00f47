import type { Knex } from 'knex';
import type { Partition } from '../../domain/archive/index.ts';
import {
  type IdentifierIndex,
  type IdentifierSource,
  isFound,
  type SoughtIdentifier,
} from '../../domain/identifiers/index.ts';
import { readIdentifiers } from './identifier-rows.ts';
import { decodeName } from './process-name.ts';
import type { ReadQueries } from './read-queries.ts';
import {
  countMatches,
  identifierCondition,
  type SearchCondition,
  type SearchDialect,
  withHashes,
} from './search-conditions.ts';

/** Processes whose events are all looked up, rather than looked for along the feed. */
const MAX_STREAMS = 1_000;

/** The processes whose events a page of the feed may have. */
export interface FeedSearch {
  /** True when they are few: their events are found by their streams. */
  isSelective: boolean;
  /**
   * Narrows a query of the events of a partition to them.
   *
   * @param id the column that has the id of a process
   */
  narrow(query: Knex.QueryBuilder, partition: Partition, id: string): void;
}

/** Finds the processes that a page of the feed is about. Call it when it is known up to which position the page may read. */
export type FindFeedSearch = (
  sought: readonly SoughtIdentifier[],
  archived: boolean,
  signal?: AbortSignal,
) => Promise<FeedSearch>;

/**
 * Identifiers are projected some milliseconds after the first event of a process. Until then the process is found by what
 * its first event has: a reader at the end of the feed would else miss its events for ever (G9). An outbox row is kept until
 * its process is projected.
 */
export function createFeedSearch(
  reads: ReadQueries,
  dialect: SearchDialect,
  index: IdentifierIndex,
): FindFeedSearch {
  const { knex } = reads;
  const first = async (query: Knex.QueryBuilder) =>
    (await reads.rows<Record<string, number | string>>(query))[0] ?? {};

  async function readUnprojected(signal?: AbortSignal): Promise<IdentifierSource[]> {
    const rows = await reads.rows<{
      correlation_id: string;
      process_name: string;
      identifiers: string;
    }>(
      knex('event_log as first')
        .select('first.correlation_id', 'first.process_name', 'first.identifiers')
        .whereNotNull('first.identifiers')
        .where('first.version', 1)
        .whereIn(
          'first.correlation_id',
          knex('outbox')
            .select('outbox.correlation_id')
            .whereNotExists(
              knex('process_store')
                .select(knex.raw('1'))
                .whereRaw('process_store.correlation_id = outbox.correlation_id'),
            ),
        ),
      signal,
    );
    return rows.map((row) => ({
      correlationId: row.correlation_id,
      processName: decodeName(row.process_name),
      identifiers: readIdentifiers(row.identifiers),
    }));
  }

  return async (sought, archived, signal) => {
    const hashed = await withHashes(sought, index);
    // Before the index is read: what is projected in between is in one of the two.
    const unprojected = await index.rowsOf(await readUnprojected(signal));
    const fresh = [...unprojected].flatMap(([id, { rows }]) => (isFound(rows, hashed) ? id : []));
    const conditions = hashed.map((one) => identifierCondition(knex, dialect, one));
    const partitions: Partition[] = archived ? ['live', 'archived'] : ['live'];
    const count = await countMatches(knex, first, partitions, conditions, MAX_STREAMS);
    const total = (condition: SearchCondition): number =>
      partitions.reduce((sum, partition) => sum + count(partition, condition), fresh.length);
    const [least] = [...conditions].sort((one, other) => total(one) - total(other));
    const few = least && total(least) <= MAX_STREAMS ? least : null;
    return {
      isSelective: few !== null,
      narrow(query, partition, id) {
        const ids = fresh.map(reads.key) as string[];
        query.where((any) => {
          any.where((indexed) => {
            if (few) indexed.whereIn(id, few.ids(partition));
            for (const condition of conditions) {
              if (condition !== few) condition.narrow(indexed, partition, id);
            }
          });
          if (partition === 'live' && ids.length > 0) any.orWhereIn(id, ids);
        });
      },
    };
  };
}
