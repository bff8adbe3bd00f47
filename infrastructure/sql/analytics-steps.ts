import {
  STEP_GRAINS,
  type StepGrouping,
  type StepQuestion,
  shortMessage,
} from '../../domain/rollups/index.ts';
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

const COLUMNS = {
  process: 'process_name',
  step: 'step_name',
  targetSystem: 'target_system',
  status: 'status',
} as const;
const TYPES = "('step-completed', 'step-failed')";

/** The steps that a question is about. */
export function stepSubject(
  reads: ReadQueries,
  dialect: AnalyticsDialect,
  question: StepQuestion,
): Subject {
  const { knex } = reads;
  const { groupBy } = question;
  // What has ended well has no message, and belongs into no list of messages.
  const byMessage = groupBy.includes('errorMessage');
  const filters: Filter[] = [
    ['process_name', question.processes?.map(encodeFilter)],
    ['step_name', question.steps],
    ['target_system', question.targetSystems],
    ['status', question.statuses],
    ['status', byMessage ? ['error'] : undefined],
  ];
  const columns = keyColumns(groupBy);
  return {
    grains: STEP_GRAINS.toReversed(),
    ...columns,
    keysOfEvents: (row) =>
      columns
        .keysOf(row)
        // As the rollups have it.
        .map((key, at) => (groupBy[at] === 'errorMessage' ? shortMessage(key) : key)),
    rollup: (generation, pieces) =>
      rollupQuery(reads, dialect, 'step_rollup', {
        generation,
        pieces,
        keys: groupBy.map((group) =>
          group === 'errorMessage'
            ? { column: 'error_key', shown: 'MAX(error_message)' }
            : { column: COLUMNS[group] },
        ),
        errors: "CASE WHEN status = 'error' THEN event_count ELSE 0 END",
        durations: true,
        filters,
      }),
    events: (table, piece) =>
      narrow(
        reads,
        knex(table)
          .select(groupBy.map((group, at) => knex.raw(`${keyOf(group)} AS key${at}`)))
          .select(
            knex.raw("CASE WHEN status = 'error' THEN 1 ELSE 0 END AS error"),
            'execution_time as ms',
          )
          .whereRaw(`event_type IN ${TYPES}`),
        { piece, prefix: '', filters },
      ),
  };

  function keyOf(group: StepGrouping): string {
    if (group === 'errorMessage') return `COALESCE(${dialect.message('error_message')}, '')`;
    return `COALESCE(${COLUMNS[group]}, '')`;
  }
}
