import { join } from 'node:path';
import knex from 'knex';
import { v7 as timeOrderedId } from 'uuid';
import type { ProcessEvent } from '../domain/process/index.ts';
import { EVENT_COLUMNS } from '../infrastructure/sql/columns.ts';
import { toEventRow } from '../infrastructure/sql/event-row.ts';
import { openSqliteDatabase, sqliteKnexConfig } from '../infrastructure/sqlite/database.ts';
import { openSqlite } from '../infrastructure/sqlite/open.ts';
import { migrateUp } from '../migrations/migrate.ts';
import { type Benchmark, inTurns, type Run, rowOf } from './support/benchmark.ts';
import { runCallers } from './support/callers.ts';

const CALLERS = 64;
const SECONDS = 1.5;
/** Events of one stream, as many as a four-step process has. */
const STREAM_LENGTH = 7;
const BASELINE = 'better-sqlite3, one transaction per event';

/**
 * Appends to the event log: an event of about 1.5 KB and its outbox row, durable (`synchronous=FULL`) before the caller
 * continues. Every measurement begins with an empty database.
 *
 * Baseline: the same two inserts into the same schema with the driver alone, one transaction for each event, with a row
 * computed before and a constant hash. Ours: `eventStore.append`, which also computes the row, finds the version of the
 * stream, hashes the event and looks for the dedupe key. One caller shows what that costs; 64 callers show what group
 * commit gains.
 */
export const append: Benchmark = async (run) => {
  const baseline = () => measureRaw(run);
  const alone = await inTurns(run, 'append, one caller', [['perSecond', '/s']], {
    baseline,
    ours: () => measureStore(run, 1),
  });
  const together = await inTurns(run, `append, ${CALLERS} callers`, [['perSecond', '/s']], {
    baseline,
    ours: () => measureStore(run, CALLERS),
  });
  return {
    rows: [
      rowOf(alone, 'perSecond', {
        name: 'append, one caller',
        unit: '/s',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at least', value: 0.9 },
      }),
      rowOf(together, 'perSecond', {
        name: `append, ${CALLERS} callers`,
        unit: '/s',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at least', value: 9 },
      }),
    ],
  };
};

async function measureRaw(run: Run): Promise<{ perSecond: number }> {
  const file = join(run.folder(), 'raw.db');
  const connection = knex(sqliteKnexConfig(file));
  await migrateUp(connection);
  await connection.destroy();
  const db = openSqlite(file);
  const insertEvent = db.prepare(
    `INSERT INTO event_log (${EVENT_COLUMNS.join(', ')}) VALUES (${EVENT_COLUMNS.map(() => '?').join(', ')})`,
  );
  const insertOutbox = db.prepare(
    'INSERT INTO outbox (event_id, correlation_id, event_type, attempts, available_at, created_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const event = stepCompleted();
  const row = { ...toEventRow('', 0, event, ''), hash: A_HASH };
  const write = db.transaction((correlationId: string, version: number, createdAt: string) => {
    row.correlation_id = correlationId;
    row.version = version;
    row.dedupe_key = `task:${timeOrderedId()}:completed`;
    row.created_at = createdAt;
    const { lastInsertRowid: id } = insertEvent.run(EVENT_COLUMNS.map((name) => row[name]));
    insertOutbox.run(id, correlationId, event.type, 0, createdAt, createdAt);
  });
  const next = streams();
  const measured = await runCallers(1, run.seconds(SECONDS), async () => {
    const { correlationId, version } = next();
    write.immediate(correlationId, version, new Date().toISOString());
  });
  db.close();
  return measured;
}

async function measureStore(run: Run, callers: number): Promise<{ perSecond: number }> {
  const file = join(run.folder(), 'store.db');
  const database = await openSqliteDatabase({
    file,
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
  });
  const nextOfCallers = Array.from({ length: callers }, streams);
  let turn = 0;
  const measured = await runCallers(callers, run.seconds(SECONDS), async () => {
    const next = nextOfCallers[turn++ % callers] ?? streams();
    await database.eventStore.append(next().correlationId, [stepCompleted()]);
  });
  await database.close();
  return measured;
}

/** Gives the stream and version of each next event: streams as long as those of a process, one after the other. */
export function streams(): () => { correlationId: string; version: number } {
  let correlationId = '';
  let version = STREAM_LENGTH;
  return () => {
    if (version === STREAM_LENGTH) {
      correlationId = timeOrderedId();
      version = 0;
    }
    version++;
    return { correlationId, version };
  };
}

/** A `step-completed` event with a row of about 1.5 KB. */
export function stepCompleted(): ProcessEvent {
  const taskId = timeOrderedId();
  return {
    type: 'step-completed',
    processName: 'four-steps',
    identity: {
      batchId: 'batch-2026-01-31',
      traceabilityId: '0af7651916cd43dd8448eb211c80319c',
      applicationId: 'bench',
      originatingSystem: 'FastifyAPI',
      identifiers: { userId: '42' },
    },
    audit: {
      httpMethod: 'POST',
      endpoint: 'http://127.0.0.1:4010/background-checks',
      httpStatusCode: 200,
      targetSystem: 'BackgroundCheck',
      executionTime: 12,
      result: 'Background check passed',
    },
    step: { name: 'run-background-check', number: 2 },
    data: { taskId, attempt: 1, input: INPUT, output: OUTPUT },
    dedupeKey: `task:${taskId}:completed`,
  };
}

/** As long as the hashes of the event store. */
export const A_HASH = Buffer.alloc(32, 7);
const INPUT = { userId: '42', text: 'in'.repeat(150) };
const OUTPUT = { text: 'out'.repeat(233), score: 71 };
