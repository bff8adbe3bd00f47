import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRealEngine } from '../test/support/engines/start-engine.ts';
import { createTestDatabase } from '../test/support/mssql.ts';
import { startRedis } from '../test/support/redis.ts';
import { startTdsProxy } from '../test/support/tds-proxy.ts';
import { startEngineProxy } from '../test/support/worker-proxy.ts';
import type { WholeService } from './children/whole-service.ts';
import type { Benchmark, Report, Run } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';
import type { Goal, Row } from './support/row.ts';

const CALLERS = 64;
const SECONDS = 4;
const WARM_UP_SECONDS = 2;
/** How long the service is watched without work: what it does then is not counted for a process. */
const IDLE_SECONDS = 3;
/** After the last answer: projections, outbox rows and completed jobs. */
const SETTLE_SECONDS = 2;

/** How often each kind of message was sent so far. */
type Counts = ReadonlyMap<string, number>;

/** What a service sends to one of its partners. */
interface Partner {
  name: string;
  env: Record<string, string>;
  goal: ((callers: number) => Goal) | null;
  count(): Promise<Counts>;
  stop(): Promise<void>;
}

/**
 * How many commands Redis executes, statements SQL Server gets and calls Operaton answers for one four-step process, from
 * its start to its projected end, without those of an idle service. Unlike times they are the same on every machine, but
 * for how many processes share a batch. Each partner is measured with everything else embedded. Redis counts the
 * commands within scripts, too.
 *
 * SQL Server: `BENCH_MSSQL_URL` or `MSSQL_TEST_URL`, of a user who may create databases.
 */
export const traffic: Benchmark = async (run) => {
  const reports: Report[] = [];
  for (const open of [openRedis, openSqlServer, openOperaton]) {
    const partner = await open().catch((error: Error) => error);
    if (partner instanceof Error) {
      reports.push({ rows: [], notes: [`traffic: skipped, ${partner.message.split('\n')[0]}`] });
    } else {
      reports.push(await measure(run, partner));
      await partner.stop();
    }
  }
  return {
    rows: reports.flatMap(({ rows }) => rows),
    notes: reports.flatMap(({ notes = [] }) => notes),
  };
};

async function measure(run: Run, partner: Partner): Promise<Report> {
  const service = startChild<WholeService>('children/whole-service.ts');
  const url = await service.call('start', { folder: run.folder(), env: partner.env });
  const caller = openCaller(url, CALLERS);
  const sentBy = async (seconds: number, callers: number) => {
    const before = await partner.count();
    const began = performance.now();
    const count =
      callers === 0
        ? await sleep(seconds * 1_000, 0)
        : (await runCallers(callers, seconds, caller.startAndWait)).count;
    await settle();
    const took = (performance.now() - began) / 1_000;
    return { processes: count, took, sent: difference(await partner.count(), before) };
  };
  run.progress(`traffic, ${partner.name}: warming up`);
  await runCallers(CALLERS, run.seconds(WARM_UP_SECONDS), caller.startAndWait);
  await settle();
  const rows: Row[] = [];
  const notes: string[] = [];
  for (const callers of [1, CALLERS]) {
    const figures: number[] = [];
    for (let round = 1; round <= run.rounds; round++) {
      const idle = await sentBy(IDLE_SECONDS, 0);
      const busy = await sentBy(run.seconds(SECONDS), callers);
      const each = new Map(
        [...busy.sent].map(([kind, count]) => [
          kind,
          Math.max(0, count - ((idle.sent.get(kind) ?? 0) * busy.took) / idle.took) /
            busy.processes,
        ]),
      );
      const all = sum(each.values());
      figures.push(all);
      const kinds = [...each].filter(([, count]) => count >= 0.05).sort((a, b) => b[1] - a[1]);
      const list = kinds.map(([kind, count]) => `${kind} ${count.toFixed(1)}`).join(', ');
      run.progress(`${partner.name}, ${callers}, round ${round}: ${all.toFixed(1)} (${list})`);
      if (round === run.rounds)
        notes.push(`${partner.name} a process, callers: ${callers}: ${list}.`);
    }
    rows.push({
      name: `${partner.name} a process, ${callers === 1 ? 'alone' : `${callers} callers`}`,
      unit: 'count',
      baseline: null,
      ours: figures,
      goal: partner.goal?.(callers) ?? null,
    });
  }
  await caller.close();
  await service.call('stop', {});
  await service.stop();
  return { rows, notes };
}

/** Redis, with SQLite beside it. */
async function openRedis(): Promise<Partner> {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  return {
    name: 'Redis commands',
    env: { REDIS_URL: redis.url },
    // A fifth of what it was before projections were gathered.
    goal: (callers) => ({ of: 'ours', limit: 'at most', value: callers === 1 ? 82 : 66 }),
    async count() {
      const stats = await client.info('commandstats');
      const found = stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
      return new Map([...found].map(([, name = '', calls]) => [name, Number(calls)]));
    },
    async stop() {
      client.disconnect();
      await redis.stop();
    },
  };
}

/** What a statement is by its text, the first that fits. */
const STATEMENTS: readonly (readonly [name: string, text: RegExp])[] = [
  ['append', /INSERT INTO event_log /],
  ['projection: write', /(INSERT INTO|UPDATE) process_store/],
  ['projection: read', /SELECT (e\.)?\* .*FROM event_log|OBJECT_ID\('process_store'\) AS id/],
  ['claim of outbox rows', /UPDATE outbox SET attempts/],
  ['removal of outbox rows', /DELETE FROM outbox/],
  ['look-up of a task', /dedupe_key >= @from/],
  ['read of a stream', /WHERE correlation_id = @correlation_id AND version > @after/],
  ['last version', /SELECT MAX\(version\)/],
  ['feed positions', /event_position/],
];

/** SQL Server, behind a proxy that sees each message. */
async function openSqlServer(): Promise<Partner> {
  const serverUrl = process.env.BENCH_MSSQL_URL || process.env.MSSQL_TEST_URL;
  if (!serverUrl) throw new Error('SQL Server: set BENCH_MSSQL_URL');
  const { url, drop } = await createTestDatabase(serverUrl);
  const proxy = await startTdsProxy(serverUrl);
  const counts = new Map<string, number>();
  return {
    name: 'statements to SQL Server',
    // A server on the same cores may take long; only the count matters.
    env: {
      DATABASE_URL: proxy.through(url),
      DATABASE_ACQUIRE_TIMEOUT_MS: '60000',
      WAIT_TIMEOUT_MS: '600000',
      REQUEST_TIMEOUT_MS: '600001',
    },
    goal: null,
    async count() {
      for (const { text } of proxy.messages.splice(0)) {
        const kind = STATEMENTS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'others';
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      return new Map(counts);
    },
    async stop() {
      await proxy.stop();
      await drop();
    },
  };
}

/** Operaton, behind a proxy that sees each call. */
async function openOperaton(): Promise<Partner> {
  const engine = await startRealEngine('operaton');
  const proxy = await startEngineProxy(engine.url);
  const counts = new Map<string, number>();
  return {
    name: 'calls of Operaton',
    env: { CAMUNDA_BASE_URL: proxy.url },
    goal: null,
    async count() {
      for (const { method, path } of proxy.calls.splice(0)) {
        const [named = ''] = path.split('?');
        const kind = `${method} ${named.replaceAll(/[0-9a-f]{8}-[0-9a-f-]+/g, ':id')}`;
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      return new Map(counts);
    },
    async stop() {
      await proxy.stop();
      await engine.stop();
    },
  };
}

function difference(now: Counts, before: Counts): Counts {
  return new Map([...now].map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)]));
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((all, one) => all + one, 0);

const settle = (): Promise<void> => sleep(SETTLE_SECONDS * 1_000);
