import { startRedis } from '../test/support/redis.ts';
import type { BareServer } from './children/bare-server.ts';
import type { BullmqHop } from './children/bullmq-hop.ts';
import type { ObservedService } from './children/observed-service.ts';
import { type Benchmark, type Figures, inTurns, type Run, rowOf } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';
import { monotonicMs } from './support/monotonic.ts';
import type { Row } from './support/row.ts';
import { percentile } from './support/statistics.ts';

const CALLERS = 64;
const SECONDS = 4;
const WARM_UP_SECONDS = 3;
const FIGURES = [
  ['p50', 'ms'],
  ['p99', 'ms'],
] as const;

type Hop = Figures<'p50' | 'p99'>;

/**
 * The time from the commit of a process's last event until the caller has the answer: relay, queue, projection (a commit
 * of its own), notification, waitroom, HTTP. The four-step process runs in the whole service, and its caller in another
 * process; both read the monotonic clock of the system.
 *
 * Embedded, the goals are absolute. The baseline is the shortest possible hop, an event emitter in a Fastify handler.
 * Measured with one caller and with 64, which keep the service busy.
 *
 * With Redis (`REDIS_TEST_URL`, or one that the benchmark starts) the baseline is a bare BullMQ hop, from before the
 * `add` of a job to the start of its processor, one job at a time, like the one caller.
 */
export const commitToAnswer: Benchmark = async (run) => {
  const embedded = await measureEmbedded(run);
  const redis = await measureWithRedis(run);
  return {
    rows: [...embedded, ...redis.rows],
    notes: redis.notes,
  };
};

async function measureEmbedded(run: Run): Promise<Row[]> {
  const bare = startChild<BareServer>('children/bare-server.ts');
  const emitter = openCaller(await bare.call('start', {}), CALLERS);
  const service = await openService(run, undefined);
  const rows: Row[] = [];
  for (const callers of [1, CALLERS]) {
    const who = callers === 1 ? 'alone' : `${callers} callers`;
    const rounds = await inTurns<'p50' | 'p99'>(run, `commit to answer, ${who}`, FIGURES, {
      async baseline() {
        const hops: number[] = [];
        await runCallers(callers, run.seconds(SECONDS / 2), async () => {
          hops.push(-(await emitter.waitForEvent()) + monotonicMs());
        });
        return hop(hops);
      },
      ours: () => service.measure(callers, SECONDS),
    });
    const name = `commit to answer, embedded, ${who}`;
    const baseline = 'event emitter to HTTP answer';
    const goal = (value: number) => ({ of: 'ours', limit: 'at most', value }) as const;
    rows.push(
      rowOf(rounds, 'p50', { name: `${name}: p50`, unit: 'ms', baseline, goal: goal(5) }),
      rowOf(rounds, 'p99', { name: `${name}: p99`, unit: 'ms', baseline, goal: goal(25) }),
    );
  }
  await emitter.close();
  await Promise.all([bare.stop(), service.stop()]);
  return rows;
}

async function measureWithRedis(run: Run): Promise<{ rows: Row[]; notes: string[] }> {
  const given = process.env.REDIS_TEST_URL;
  const redis = given ? undefined : await startRedis().catch((error: Error) => error);
  if (redis instanceof Error) {
    return { rows: [], notes: [`commit to answer with Redis: skipped, ${redis.message}`] };
  }
  const url = given ?? redis?.url ?? '';
  const bare = startChild<BullmqHop>('children/bullmq-hop.ts');
  await bare.call('start', { url });
  const service = await openService(run, url);
  const rounds = await inTurns<'p50' | 'p99'>(run, 'commit to answer, Redis', FIGURES, {
    baseline: async () => hop(await bare.call('measure', { seconds: run.seconds(SECONDS / 2) })),
    ours: () => service.measure(1, SECONDS),
  });
  await bare.call('stop', {});
  await Promise.all([bare.stop(), service.stop()]);
  await redis?.stop();
  const row = { unit: 'ms', baseline: 'bare BullMQ hop' } as const;
  const name = 'commit to answer, Redis, alone';
  return {
    rows: [
      rowOf(rounds, 'p50', {
        ...row,
        name: `${name}: p50`,
        goal: { of: 'ratio', limit: 'at most', value: 3 },
      }),
      rowOf(rounds, 'p99', { ...row, name: `${name}: p99`, goal: null }),
    ],
    notes: [],
  };
}

async function openService(run: Run, redisUrl: string | undefined) {
  const child = startChild<ObservedService>('children/observed-service.ts');
  const folder = run.folder();
  const caller = openCaller(await child.call('start', { folder, redisUrl }), CALLERS);
  const measure = async (callers: number, seconds: number): Promise<Hop> => {
    const answered = new Map<string, number>();
    await runCallers(callers, run.seconds(seconds), async () => {
      answered.set(await caller.startAndWait(), monotonicMs());
    });
    const committed = new Map(await child.call('takeCommits', {}));
    return hop([...answered].map(([id, at]) => at - (committed.get(id) ?? Number.NaN)));
  };
  run.progress('commit to answer: warming up');
  await measure(CALLERS, WARM_UP_SECONDS);
  return {
    measure,
    async stop() {
      await caller.close();
      await child.call('stop', {});
      await child.stop();
    },
  };
}

function hop(times: readonly number[]): Hop {
  if (times.some(Number.isNaN))
    throw new Error('a process was answered before its commit was observed');
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}
