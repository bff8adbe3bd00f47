import { v7 as timeOrderedId } from 'uuid';
import { EVENT_COLUMNS, EVENT_LOG, type EventColumn } from '../infrastructure/sql/columns.ts';
import { toEventRow } from '../infrastructure/sql/event-row.ts';
import { sqlType } from '../infrastructure/sqlserver/column-types.ts';
import { createPool } from '../infrastructure/sqlserver/connection.ts';
import { openMssqlDatabase } from '../infrastructure/sqlserver/database.ts';
import { readMssqlUrl } from '../infrastructure/sqlserver/target.ts';
import { createTestDatabase } from '../test/support/mssql.ts';
import { A_HASH, stepCompleted, streams } from './append.ts';
import { type Benchmark, inTurns, type Run, rowOf } from './support/benchmark.ts';
import { runCallers } from './support/callers.ts';

const CALLERS = 10;
const SECONDS = 3;
const WARM_UP_SECONDS = 1;
const BASELINE = 'mssql, two inserts in one batch';

/**
 * Appends to the event log on SQL Server: an event of about 1.5 KB and its outbox row. Baseline: the same two inserts
 * with the driver alone, in one batch with their transaction and so in one round trip, with values computed before.
 * Ours: `eventStore.append`, also one round trip, which also computes the row, finds the version of the stream under a
 * lock, looks for the dedupe key and reads back what it wrote.
 *
 * Tried: the appends of different streams that wait for a connection in one message, 16 at most, each in a transaction
 * of its own. With 64 callers that was 1.2 to 2.1 × as many appends on a server that parses each message again, and 0.8 to
 * 1.3 × with one caller. Not kept: the transactions of a message run one after the other, so a server that waits for its
 * log does fewer of them at once than on ten connections; the error of one ends the message, so all that follow are in
 * doubt; and each number of appends and of events is a plan.
 *
 * Needs a server: `BENCH_MSSQL_URL` or `MSSQL_TEST_URL`, of a user who may create databases. Each measurement creates a
 * database and drops it at the end.
 */
export const appendMssql: Benchmark = async (run) => {
  const url = process.env.BENCH_MSSQL_URL || process.env.MSSQL_TEST_URL;
  if (!url) {
    const note = 'append-mssql: skipped; set BENCH_MSSQL_URL.';
    run.progress(note);
    return { rows: [], notes: [note] };
  }
  const measure = (callers: number) =>
    inTurns(run, `append on SQL Server, ${callers} callers`, [['perSecond', '/s']], {
      baseline: () => measureRaw(run, url, callers),
      ours: () => measureStore(run, url, callers),
    });
  const alone = await measure(1);
  const together = await measure(CALLERS);
  const row = { unit: '/s', baseline: BASELINE, goal: null } as const;
  return {
    rows: [
      rowOf(alone, 'perSecond', { ...row, name: 'append on SQL Server, one caller' }),
      rowOf(together, 'perSecond', { ...row, name: `append on SQL Server, ${CALLERS} callers` }),
    ],
  };
};

/** Columns that the baseline leaves to the database. */
const EMPTY: readonly EventColumn[] = ['error_message', 'actor', 'created_at'];
const NAMES = EVENT_COLUMNS.filter((name) => !EMPTY.includes(name));
const RAW = `
SET XACT_ABORT ON;
BEGIN TRANSACTION;
INSERT INTO event_log (${NAMES.join(', ')}) VALUES (${NAMES.map((name) => `@${name}`).join(', ')});
INSERT INTO outbox (event_id, correlation_id, event_type, attempts, available_at, created_at)
  VALUES (SCOPE_IDENTITY(), @correlation_id, @event_type, 0, SYSUTCDATETIME(), SYSUTCDATETIME());
COMMIT TRANSACTION`;

async function measureRaw(run: Run, serverUrl: string, callers: number) {
  const { url, drop } = await createTestDatabase(serverUrl);
  const pool = createPool(readMssqlUrl(url), { max: callers });
  await pool.connect();
  const row = { ...toEventRow('', 0, stepCompleted(), ''), hash: A_HASH };
  const measured = await measureCallers(run, callers, async ({ correlationId, version }) => {
    const request = pool.request();
    row.correlation_id = correlationId;
    row.version = version;
    row.dedupe_key = `task:${timeOrderedId()}:completed`;
    for (const name of NAMES) request.input(name, sqlType(EVENT_LOG[name]), row[name]);
    await request.query(RAW);
  });
  await pool.close();
  await drop();
  return measured;
}

async function measureStore(run: Run, serverUrl: string, callers: number) {
  const { url, drop } = await createTestDatabase(serverUrl);
  const database = await openMssqlDatabase({
    url,
    limits: { max: callers },
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
  });
  const measured = await measureCallers(run, callers, async ({ correlationId }) => {
    await database.eventStore.append(correlationId, [stepCompleted()]);
  });
  await database.close();
  await drop();
  return measured;
}

/** Each caller writes streams of its own; the warm-up opens the connections. */
async function measureCallers(
  run: Run,
  callers: number,
  write: (event: { correlationId: string; version: number }) => Promise<void>,
): Promise<{ perSecond: number }> {
  const measure = (seconds: number) => {
    const free = Array.from({ length: callers }, streams);
    return runCallers(callers, seconds, async () => {
      const next = free.pop() ?? streams();
      await write(next());
      free.push(next);
    });
  };
  await measure(run.seconds(WARM_UP_SECONDS));
  return measure(run.seconds(SECONDS));
}
