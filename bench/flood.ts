import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from './children/load.ts';
import type { WholeService } from './children/whole-service.ts';
import { type Benchmark, type Figures, inTurns, type Run, rowOf } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { type Measured, runCallers } from './support/callers.ts';
import { type Child, startChild } from './support/child.ts';
import type { Unit } from './support/row.ts';
import { percentile } from './support/statistics.ts';

const CALLERS = 64;
/** Whole seconds: autocannon counts in them. */
const SECONDS = 6;
const WARM_UP_SECONDS = 2;
const MIN_AFTER_MS = 500;
const POLL_INTERVAL_MS = 100;
const PACED = `${CALLERS} waiting callers`;

const FIGURES = [
  ['during', '/s'],
  ['after', '/s'],
  ['beside', 'ms'],
  ['next', 'ms'],
  ['peak', 'MB'],
] as const satisfies readonly (readonly [string, Unit])[];

type Flood = Figures<(typeof FIGURES)[number][0]>;

/**
 * More starts than the service can execute (G14): 64 connections start four-step processes without waiting, as fast as
 * they are answered; what is refused (503) is sent again at once. The service is as `npm start` runs it, everything
 * embedded, and new in each round; the load generator (autocannon) is a process of its own.
 *
 * Processes that end per second, during the flood and for as long after it. Baseline: 64 callers that wait for the end of
 * each of their processes. Besides: the time until a waiting start is answered, of one caller beside the flood and of one
 * right after it, and the peak memory of the service.
 */
export const flood: Benchmark = async (run) => {
  const seconds = Math.max(1, Math.round(run.seconds(SECONDS)));
  const load = startChild<Load>('children/load.ts');
  const refused: number[] = [];
  const rounds = await inTurns<keyof Flood>(run, 'flood', FIGURES, {
    baseline: () => inService(run, ({ url, service }) => paced(url, service, seconds)),
    ours: () =>
      inService(run, async ({ url, service }) => {
        const measured = await flooded(load, url, service, seconds);
        refused.push(measured.refusedShare);
        return measured;
      }),
  });
  await load.stop();
  const share = Math.round((refused.reduce((sum, one) => sum + one, 0) / refused.length) * 100);
  const name = `flood of starts, ${CALLERS} connections`;
  const row = (figure: keyof Flood, what: string, unit: Unit) =>
    rowOf(rounds, figure, { name: `${name}: ${what}`, unit, baseline: PACED, goal: null });
  const goal = { of: 'ratio', limit: 'at least', value: 0.8 } as const;
  return {
    rows: [
      { ...row('during', 'ended meanwhile', '/s'), goal },
      { ...row('after', 'ended after it', '/s'), goal },
      row('beside', 'waiting caller beside it: p50', 'ms'),
      row('next', 'first waiting start after it', 'ms'),
      row('peak', 'peak memory', 'MB'),
    ],
    notes: [`The flooded service refused ${share} % of the starts with a 503.`],
  };
};

interface Running {
  url: string;
  service: Child<WholeService>;
}

async function inService<Result>(
  run: Run,
  measure: (running: Running) => Promise<Result>,
): Promise<Result> {
  const service = startChild<WholeService>('children/whole-service.ts');
  const url = await service.call('start', { folder: run.folder() });
  try {
    await callersWait(url, run.seconds(WARM_UP_SECONDS));
    return await measure({ url, service });
  } finally {
    // Not stopped gracefully: executing the accepted processes would take long.
    await service.stop();
  }
}

async function callersWait(url: string, seconds: number): Promise<Measured> {
  const caller = openCaller(url, CALLERS);
  const measured = await runCallers(CALLERS, seconds, caller.startAndWait);
  await caller.close();
  return measured;
}

/** The same figures with the load that the service is made for. */
async function paced(url: string, service: Child<WholeService>, seconds: number): Promise<Flood> {
  const { perSecond, p50 } = await callersWait(url, seconds);
  const next = await oneStart(url);
  const { peak } = await service.call('memory', {});
  return { during: perSecond, after: perSecond, beside: p50, next, peak: peak / 1e6 };
}

async function flooded(
  load: Child<Load>,
  url: string,
  service: Child<WholeService>,
  seconds: number,
): Promise<Flood & { refusedShare: number }> {
  const beside = openCaller(url, 1);
  const times: number[] = [];
  let isOver = false;
  const caller = (async () => {
    while (!isOver) {
      const began = performance.now();
      await beside.startUntilEnded();
      times.push(performance.now() - began);
    }
  })();
  const before = await service.call('ended', {});
  const began = performance.now();
  const sent = await load.call('run', { url, seconds, connections: CALLERS, mayRefuse: true });
  const during = await service.call('ended', {});
  const over = performance.now();
  isOver = true;
  const next = await oneStart(url);
  await endsOfAll(service, over + seconds * 1_000);
  const after = (await service.call('ended', {})) - during;
  const afterMs = performance.now() - over;
  await caller;
  await beside.close();
  const { peak } = await service.call('memory', {});
  const duringRate = ((during - before) / (over - began)) * 1_000;
  return {
    during: duringRate,
    // So little was left to be ended that it says nothing.
    after: afterMs < MIN_AFTER_MS ? duringRate : (after / afterMs) * 1_000,
    beside: percentile(times, 0.5),
    next,
    peak: peak / 1e6,
    refusedShare: sent.refusedPerSecond / (sent.perSecond + sent.refusedPerSecond),
  };
}

/** Waits until all accepted processes have ended, or until that time. */
async function endsOfAll(service: Child<WholeService>, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    const { running, unpublished } = await service.call('unfinished', {});
    if (running === 0 && unpublished === 0) return;
    await sleep(POLL_INTERVAL_MS);
  }
}

/** Milliseconds until a caller that waits has the result of a new process. */
async function oneStart(url: string): Promise<number> {
  const caller = openCaller(url, 1);
  const began = performance.now();
  await caller.startUntilEnded();
  const ms = performance.now() - began;
  await caller.close();
  return ms;
}
