import sql from 'mssql';
import { PARTITIONS, type Partition } from '../../domain/archive/index.ts';
import type { IdentifierIndex } from '../../domain/identifiers/index.ts';
import {
  type CollectedProcesses,
  createCollectedProcesses,
  type Verification,
} from '../../domain/projection/index.ts';
import { createChainCheck } from '../sql/checked-events.ts';
import { IDENTIFIER_COLUMNS, type IdentifierColumns } from '../sql/columns.ts';
import { fromIdentifierColumns } from '../sql/identifier-rows.ts';
import { type LateOutboxRow, lateOutboxRows, outboxDifference } from '../sql/late-outbox-rows.ts';
import { encodeFilter } from '../sql/process-name.ts';
import { TABLES } from '../sql/process-tables.ts';
import { type MovedRow, selectRows, toProjectedRow } from '../sql/projected-row.ts';
import { isoTimes } from './connection.ts';
import { ARCHIVED, LIVE, type Row } from './event-reads.ts';
import { createPositionCheck } from './position-check.ts';
import { createRepair } from './repair.ts';
import { withRetry } from './retry.ts';
import { requestFor, rowsOf } from './statements.ts';
import { BEGIN_WITH_STREAM_LOCK } from './stream-lock.ts';
import { streamRows } from './stream-rows.ts';

/** The next ids in any of the tables, from indexes alone. */
const NEXT = `SELECT TOP (@limit) correlation_id FROM (${Object.values(TABLES)
  .flatMap(({ events, rows, identifiers }) => [events, rows, identifiers])
  .map(
    (table) =>
      `SELECT correlation_id FROM (SELECT DISTINCT TOP (@limit) correlation_id FROM ${table}
      WHERE correlation_id > @after ORDER BY correlation_id) AS of_${table}`,
  )
  .join(' UNION ')}) AS ids ORDER BY correlation_id`;
const EVENTS = { live: LIVE, archived: ARCHIVED } as const satisfies Record<Partition, string>;
const identifiersIn = (partition: Partition): string =>
  `SELECT ${IDENTIFIER_COLUMNS.join(', ')} FROM ${TABLES[partition].identifiers}`;
const NOW = 'SELECT SYSUTCDATETIME() AS now';
const WITHIN = 'WHERE correlation_id > @after AND correlation_id <= @last';
const ONE = 'WHERE correlation_id = @correlation_id';
const COUNT = `SELECT (SELECT COUNT_BIG(*) FROM process_store)
  + (SELECT COUNT_BIG(*) FROM process_store_archive) AS processes`;
const OUTBOX = `SELECT TOP (@limit) ${lateOutboxRows('DATEADD(second, -@max_lag, SYSUTCDATETIME())')}`;
/** DATEADD takes an INT. */
const MAX_SECONDS = 2_147_483_647;
/**
 * Under the lock of the stream nothing is appended to it and nothing moves it. A projection may run meanwhile: the
 * events are read before the row, so the row has at most seen more of them than was needed.
 */
const INSPECT = `${BEGIN_WITH_STREAM_LOCK}
SELECT ${LIVE} ${ONE} ORDER BY version;
SELECT ${ARCHIVED} ${ONE} ORDER BY version;
SELECT ${selectRows('live')} ${ONE};
SELECT ${selectRows('archived')} ${ONE};
${identifiersIn('live')} ${ONE};
${identifiersIn('archived')} ${ONE};
${NOW};
COMMIT TRANSACTION;`;

/** Verification on SQL Server: pages are read without locks, a single process under the lock of its stream. */
export function createMssqlVerification(options: {
  pool: sql.ConnectionPool;
  readers: sql.ConnectionPool;
  identifierIndex: IdentifierIndex;
}): Verification {
  const { pool, readers, identifierIndex } = options;

  async function readPage(after: string, limit: number) {
    const { recordset: ids } = await readers
      .request()
      .input('after', sql.VarChar(255), after)
      .input('limit', sql.Int, limit)
      .query<{ correlation_id: string }>(NEXT);
    const last = ids.at(-1)?.correlation_id ?? null;
    const collected = createCollectedProcesses();
    if (last === null) return { last, collected, now: 0 };
    const request = (): sql.Request =>
      readers
        .request()
        .input('after', sql.VarChar(255), after)
        .input('last', sql.VarChar(255), last);
    const { recordsets } = await request().query(
      [
        NOW,
        ...PARTITIONS.map((partition) => `SELECT ${selectRows(partition)} ${WITHIN}`),
        ...PARTITIONS.map((partition) => `${identifiersIn(partition)} ${WITHIN}`),
      ].join('; '),
    );
    const [times, live, archived, liveIdentifiers, archivedIdentifiers] = recordsets as unknown as [
      { now: Date }[],
      MovedRow[],
      MovedRow[],
      IdentifierColumns[],
      IdentifierColumns[],
    ];
    collectRows(collected, { live, archived });
    collectIdentifiers(collected, { live: liveIdentifiers, archived: archivedIdentifiers });
    for (const partition of PARTITIONS) {
      const rows = streamRows<Row>(
        request(),
        `SELECT ${EVENTS[partition]} ${WITHIN} ORDER BY correlation_id, version`,
      );
      const check = createChainCheck();
      for await (const row of rows) collected.event(partition, check(row.id, eventRow(row)));
    }
    collected.expectIdentifiers(await identifierIndex.rowsOf(collected.sources()));
    return { last, collected, now: times[0]?.now.getTime() ?? 0 };
  }

  async function readOne(id: string): Promise<{ collected: CollectedProcesses; now: number }> {
    const { recordsets } = await requestFor(pool, id).query(INSPECT);
    const [liveEvents, archivedEvents, live, archived, ...others] = recordsets as unknown as [
      Row[],
      Row[],
      MovedRow[],
      MovedRow[],
      IdentifierColumns[],
      IdentifierColumns[],
      { now: Date }[],
    ];
    const collected = createCollectedProcesses();
    collectRows(collected, { live, archived });
    const [liveIdentifiers, archivedIdentifiers, times] = others;
    collectIdentifiers(collected, { live: liveIdentifiers, archived: archivedIdentifiers });
    const events = { live: liveEvents, archived: archivedEvents };
    for (const partition of PARTITIONS) {
      const check = createChainCheck();
      for (const row of events[partition]) {
        collected.event(partition, check(row.id, eventRow(row)));
      }
    }
    collected.expectIdentifiers(await identifierIndex.rowsOf(collected.sources()));
    return { collected, now: times[0]?.now.getTime() ?? 0 };
  }

  return {
    async count() {
      const [row] = await rowsOf<{ processes: number | string }>(readers.request(), COUNT);
      return Number(row?.processes ?? 0);
    },
    async page(after, limit, filter) {
      const { last, collected, now } = await withRetry(() => readPage(after, limit));
      return collected.page(last, filter, now);
    },
    async inspect(id, filter) {
      const { collected, now } = await withRetry(() => readOne(id));
      return collected.inspect(id, filter, now);
    },
    async outbox(after, limit, { maxLagMs, processName }) {
      const request = readers
        .request()
        .input('after', sql.BigInt, after)
        .input('limit', sql.Int, limit)
        .input('max_lag', sql.Int, Math.min(Math.floor(maxLagMs / 1_000), MAX_SECONDS))
        .input(
          'process_name',
          sql.VarChar(255),
          processName === undefined ? null : encodeFilter(processName),
        );
      const rows = await rowsOf<LateOutboxRow>(request, OUTBOX);
      return rows.map((row) => outboxDifference(isoTimes(row)));
    },
    ...createPositionCheck(readers),
    repair: createRepair(pool, async (id) => (await readOne(id)).collected.partsOf(id)),
  };
}

function collectRows(
  collected: CollectedProcesses,
  rows: Readonly<Record<Partition, readonly MovedRow[]>>,
): void {
  for (const partition of PARTITIONS) {
    for (const row of rows[partition]) collected.row(partition, toProjectedRow(isoTimes(row)));
  }
}

function collectIdentifiers(
  collected: CollectedProcesses,
  rows: Readonly<Record<Partition, readonly IdentifierColumns[]>>,
): void {
  for (const partition of PARTITIONS) {
    for (const row of rows[partition]) collected.identifier(partition, fromIdentifierColumns(row));
  }
}

/** Changes only the times of the given row: a long one is not copied. */
function eventRow(row: Row) {
  const time = (value: unknown): string | null =>
    value instanceof Date ? value.toISOString() : ((value ?? null) as string | null);
  return Object.assign(row, {
    created_at: time(row.created_at) ?? '',
    archived_at: time(row.archived_at),
  });
}
