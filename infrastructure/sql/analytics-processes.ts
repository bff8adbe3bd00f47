import type { Knex } from 'knex';
import { PROCESS_GRAINS, type ProcessQuestion } from '../../domain/rollups/index.ts';
import {
  type AnalyticsDialect,
  type Filter,
  keyColumns,
  narrow,
  rollupQuery,
  type Subject,
} from './analytics-subject.ts';
import { encodeFilter } from './process-name.ts';
import type { ReadQueries } from './read-queries.ts';

const COLUMNS = { process: 'process_name', eventType: 'event_type' } as const;

/** The starts, ends and retries that a question is about. */
export function processSubject(
  reads: ReadQueries,
  dialect: AnalyticsDialect,
  question: ProcessQuestion,
): Subject {
  const { knex } = reads;
  const { groupBy, durations } = question;
  const filters: Filter[] = [
    ['process_name', question.processes?.map(encodeFilter)],
    ['event_type', question.types],
  ];
  return {
    grains: PROCESS_GRAINS.toReversed(),
    ...keyColumns(groupBy),
    rollup: (generation, pieces) =>
      rollupQuery(reads, dialect, 'process_rollup', {
        generation,
        pieces,
        keys: groupBy.map((group) => ({ column: COLUMNS[group] })),
        errors: '0',
        durations,
        filters,
      }),
    events(table, piece) {
      const query: Knex.QueryBuilder = knex(`${table} as event`)
        .select(
          groupBy.map((group, at) => knex.raw(`COALESCE(event.${COLUMNS[group]}, '') AS key${at}`)),
        )
        .select(knex.raw('0 AS error'));
      if (durations) {
        // A process is wholly in one of the tables, so its first event is in that of its last.
        query
          .leftJoin(`${table} as request`, (on) =>
            on
              .on('request.correlation_id', 'event.correlation_id')
              .andOn('request.version', knex.raw('1')),
          )
          .select(knex.raw(`${dialect.msBetween('request.created_at', 'event.created_at')} AS ms`));
      } else {
        query.select(knex.raw('NULL AS ms'));
      }
      return narrow(reads, query, { piece, prefix: 'event.', filters });
    },
  };
}
