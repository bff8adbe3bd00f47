import { join } from 'node:path';
import knex from 'knex';
import { v7 as timeOrderedId } from 'uuid';
import type { ProcessEvent } from '../domain/process/index.ts';
import { EVENT_COLUMNS, type EventRow } from '../infrastructure/sql/columns.ts';
import { expectedHash } from '../infrastructure/sql/event-hash.ts';
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
/** `cpu`: microseconds of an event. */
type Measured = Record<'perSecond' | 'cpu', number>;

const BASELINE = 'better-sqlite3, one transaction per event';
const SHOWN = [
  ['perSecond', '/s'],
  ['cpu', 'µs'],
] as const;
const GROUPS = `better-sqlite3, ${CALLERS} events per transaction`;

/**
 * Appends to the event log: an event of about 1.5 KB and its outbox row, durable (`synchronous=FULL`) before the caller
 * continues. Every measurement begins with an empty database.
 *
 * Baseline: the same two inserts into the same schema with the driver alone, with a row computed before and a constant
 * hash; one transaction for each event, and one for each 64. Ours: `eventStore.append` as a service has it that is alone
 * on its database; it also computes the row, hashes the event and makes sure of version and dedupe key. The ratio of
 * single callers, and that of 64 to groups of 64, shows what that costs; that of 64 callers to single transactions what
 * group commit gains.
 *
 * The last rows are the driver that makes each row and its two hashes as the event store does, and nothing else: without
 * promises, look-ups, groups of callers and answers. The store can be faster only with cheaper rows or hashes.
 *
 * The CPU of an event is what a machine with other work shows best: waiting for the disk is no part of it.
 */
export const append: Benchmark = async (run) => {
  const baseline = () => measureRaw(run, 1);
  const leastAlone = await inTurns(run, 'append, rows and hashes, one caller', SHOWN, {
    baseline,
    ours: () => measureRaw(run, 1, 'made'),
  });
  const alone = await inTurns(run, 'append, one caller', [['perSecond', '/s']], {
    baseline,
    ours: () => measureStore(run, 1),
  });
  const together = await inTurns(run, `append, ${CALLERS} callers`, [['perSecond', '/s']], {
    baseline,
    ours: () => measureStore(run, CALLERS),
  });
  const inGroups = () => measureRaw(run, CALLERS);
  const grouped = await inTurns(run, `append, groups of ${CALLERS}`, SHOWN, {
    baseline: inGroups,
    ours: () => measureStore(run, CALLERS),
  });
  const least = await inTurns(run, `append, rows and hashes, groups of ${CALLERS}`, SHOWN, {
    baseline: inGroups,
    ours: () => measureRaw(run, CALLERS, 'made'),
  });
  const groups = { name: `append, ${CALLERS} callers: in groups`, baseline: GROUPS };
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
        goal: null,
      }),
      rowOf(grouped, 'perSecond', {
        ...groups,
        unit: '/s',
        goal: { of: 'ratio', limit: 'at least', value: 0.8 },
      }),
      rowOf(grouped, 'cpu', { ...groups, name: `${groups.name}, CPU`, unit: 'µs', goal: null }),
      rowOf(leastAlone, 'perSecond', {
        name: 'append, one caller: driver that makes the rows',
        unit: '/s',
        baseline: BASELINE,
        goal: null,
      }),
      rowOf(least, 'perSecond', {
        ...groups,
        name: `${groups.name}: driver that makes the rows`,
        unit: '/s',
        goal: null,
      }),
    ],
  };
};

/**
 * @param group events in a transaction, each of another stream
 * @param rows `before`: one row, computed before, and a constant hash. `made`: a row and its hashes for each event
 */
async function measureRaw(
  run: Run,
  group: number,
  rows: 'before' | 'made' = 'before',
): Promise<Measured> {
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
  const known = { ...toEventRow('', 0, event, ''), hash: A_HASH };
  const rowOfKnown = (correlationId: string, version: number, createdAt: string): EventRow => {
    known.correlation_id = correlationId;
    known.version = version;
    known.dedupe_key = `task:${timeOrderedId()}:completed`;
    known.created_at = createdAt;
    return known;
  };
  const makeRow = (correlationId: string, version: number, createdAt: string): EventRow => {
    const row = toEventRow(correlationId, version, stepCompleted(), createdAt);
    row.hash = expectedHash(row, version === 1 ? null : A_HASH);
    return row;
  };
  const nextRow = rows === 'made' ? makeRow : rowOfKnown;
  const insert = (correlationId: string, version: number, createdAt: string): void => {
    const row = nextRow(correlationId, version, createdAt);
    const { lastInsertRowid: id } = insertEvent.run(EVENT_COLUMNS.map((name) => row[name]));
    insertOutbox.run(id, correlationId, event.type, 0, createdAt, createdAt);
  };
  const nextOfGroup = Array.from({ length: group }, streams);
  const write = db.transaction(() => {
    for (const next of nextOfGroup) {
      const { correlationId, version } = next();
      insert(correlationId, version, new Date().toISOString());
    }
  });
  const measured = await measure(run, { callers: 1, events: group }, async () => write.immediate());
  db.close();
  return measured;
}

/** Runs callers that append so many events at a time. */
async function measure(
  run: Run,
  { callers, events }: { callers: number; events: number },
  once: () => Promise<unknown>,
): Promise<Measured> {
  const before = process.cpuUsage();
  const { count, perSecond } = await runCallers(callers, run.seconds(SECONDS), once);
  const { user, system } = process.cpuUsage(before);
  return { perSecond: perSecond * events, cpu: (user + system) / (count * events) };
}

async function measureStore(run: Run, callers: number): Promise<Measured> {
  const file = join(run.folder(), 'store.db');
  const database = await openSqliteDatabase({
    file,
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
    isOnlyAppender: true,
  });
  const nextOfCallers = Array.from({ length: callers }, streams);
  let turn = 0;
  const measured = await measure(run, { callers, events: 1 }, async () => {
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
