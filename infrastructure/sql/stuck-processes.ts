import type { Knex } from 'knex';
import { type Clock, cutText } from '../../domain/common/index.ts';
import type { IdentifierIndex, SoughtText } from '../../domain/identifiers/index.ts';
import {
  type Found,
  MAX_PENDING,
  type RetryingStep,
  type SlowProcess,
  type StuckFilter,
  type StuckProcesses,
} from '../../domain/rollups/index.ts';
import type { EventRow } from './columns.ts';
import { leaveOutWaiting } from './due-processes.ts';
import { decodeName } from './process-name.ts';
import type { ReadQueries } from './read-queries.ts';
import {
  identifierCondition,
  narrowByEventCode,
  type SearchCondition,
  type SearchDialect,
  withHashes,
} from './search-conditions.ts';
import { usualDurations } from './usual-durations.ts';

/** The age from which on a process is slow if too few of its definition have completed. */
const DEFAULT_SLOW_MS = 86_400_000;
/** Bytes of the rows that are read for a list: partners may send long messages. */
const MAX_BYTES = 4_000_000;
/** Characters of an error message. */
const MESSAGE_LENGTH = 300;

type Counted = { total: number | string };
type PendingRow = Counted & {
  correlation_id: string;
  process_name: string;
  process_instance_id: string | null;
  current_step: string | null;
  started_at: string;
};
type FailedRow = Counted &
  Pick<
    EventRow,
    'correlation_id' | 'process_name' | 'step_name' | 'created_at' | 'error_message' | 'metadata'
  >;

/** Finds stuck and slow processes, once for both databases. */
export function createStuckProcesses(options: {
  reads: ReadQueries;
  clock: Clock;
  search: SearchDialect;
  identifierIndex: Pick<IdentifierIndex, 'hashOf'>;
}): StuckProcesses {
  const { reads, clock, search, identifierIndex } = options;
  const { knex, key, time } = reads;

  /** Those that have not changed for the longest time, by their own index. */
  const pending = (conditions: readonly SearchCondition[], ...columns: string[]) => {
    const query = knex('process_store')
      .select('correlation_id', 'process_name', ...columns)
      .where('status', key('pending'))
      .orderBy('updated_at')
      .limit(MAX_PENDING);
    leaveOutWaiting(query, before(clock(), 0));
    for (const condition of conditions) condition.narrow(query, 'live');
    return query.as('pending');
  };

  const conditionsOf = async ({ identifiers = [] }: StuckFilter): Promise<SearchCondition[]> =>
    (await withHashes(identifiers, identifierIndex)).map((one) =>
      identifierCondition(knex, search, one),
    );

  /** A process of the query `pending` that has had an attempt with this code. */
  const hasFailed = (code: SoughtText): Knex.QueryBuilder => {
    const failed = knex('event_log as failed')
      .select(knex.raw('1'))
      .whereRaw('failed.correlation_id = pending.correlation_id')
      .whereRaw(IS_FAILED);
    narrowByEventCode(failed, search, code, 'failed.');
    return failed;
  };

  const before = (now: number, ms: number): Knex.Value => time(new Date(now - ms).toISOString());

  return {
    async slow(limit, filter = {}, signal) {
      const conditions = await conditionsOf(filter);
      const now = clock();
      const usual = await usualDurations(reads, now, signal);
      const query = knex
        .from(pending(conditions, 'process_instance_id', 'current_step', 'started_at'))
        .select('*', knex.raw('COUNT(*) OVER () AS total'))
        .where((any) => {
          for (const [name, ms] of usual) {
            any.orWhere({ process_name: key(name) }).andWhere('started_at', '<', before(now, ms));
          }
          any.orWhere((unknown) => {
            unknown.where('started_at', '<', before(now, DEFAULT_SLOW_MS));
            if (usual.size > 0) {
              unknown.whereNotIn('process_name', [...usual.keys()].map(key) as string[]);
            }
          });
        })
        .orderBy('started_at')
        .limit(limit);
      if (filter.errorCode) query.whereExists(hasFailed(filter.errorCode));
      return found(await reads.rows<PendingRow>(query, signal), (row): SlowProcess => {
        const p99Ms = usual.get(row.process_name) ?? null;
        return {
          correlationId: row.correlation_id,
          processName: decodeName(row.process_name),
          processInstanceId: row.process_instance_id,
          currentStep: row.current_step,
          startedAt: row.started_at,
          ageMs: now - Date.parse(row.started_at),
          p99Ms,
          slowAfterMs: p99Ms ?? DEFAULT_SLOW_MS,
        };
      });
    },
    async retrying(limit, filter = {}, signal) {
      const conditions = await conditionsOf(filter);
      const query = knex
        .from(pending(conditions))
        .join('event_log as failed', 'failed.correlation_id', 'pending.correlation_id')
        .select(
          ...['correlation_id', 'process_name', 'step_name', 'created_at'].map(of),
          ...['error_message', 'metadata'].map(of),
          knex.raw('COUNT(*) OVER () AS total'),
        )
        .whereRaw(IS_FAILED)
        .whereJsonPath('failed.metadata', '$.retriesLeft', '>', 0)
        .whereNotExists(
          knex('event_log as later')
            .select(knex.raw('1'))
            .whereRaw('later.correlation_id = failed.correlation_id')
            .whereRaw('later.version > failed.version')
            .whereRaw('later.step_name = failed.step_name'),
        )
        .orderBy('failed.created_at')
        .limit(limit);
      if (filter.errorCode) narrowByEventCode(query, search, filter.errorCode, 'failed.');
      const { rows } = await reads.upTo<FailedRow>(query, MAX_BYTES, signal);
      return found(rows, retryingStep);
    },
  };
}

/** As a literal: a server sees that it is the condition of the index. */
const IS_FAILED = `failed.event_type = 'step-failed'`;

const of = (column: string): string => `failed.${column}`;

function found<Row extends Counted, Item>(
  rows: readonly Row[],
  item: (row: Row) => Item,
): Found<Item> {
  return { total: Number(rows[0]?.total ?? 0), items: rows.map(item) };
}

function retryingStep(row: FailedRow): RetryingStep {
  const { attempt, retriesLeft, retryIn, code } = JSON.parse(row.metadata ?? '{}') as {
    attempt: number;
    retriesLeft: number;
    retryIn: number;
    code: string;
  };
  return {
    correlationId: row.correlation_id,
    processName: decodeName(row.process_name ?? ''),
    step: row.step_name,
    attempt,
    retriesLeft,
    failedAt: row.created_at,
    nextTryAt: new Date(Date.parse(row.created_at) + retryIn).toISOString(),
    code,
    // For an encrypted text the column has the code.
    message: cutText(row.error_message ?? code, MESSAGE_LENGTH),
  };
}
