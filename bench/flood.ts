import type { Load } from './children/load.ts';
import type { WholeService } from './children/whole-service.ts';
import {
  type Benchmark,
  type Figures,
  inTurns,
  type Report,
  type Run,
  rowOf,
} from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { type Measured, runCallers } from './support/callers.ts';
import { type Child, startChild } from './support/child.ts';
import { inProduction } from './support/production.ts';
import type { Unit } from './support/row.ts';
import { percentile } from './support/statistics.ts';

const CALLERS = 64;
/** Whole seconds: autocannon counts in them. */
const SECONDS = 8;
const AFTER_SECONDS = 3;
const WARM_UP_SECONDS = 3;
/** Milliseconds between two reads of one kind. */
const READ_INTERVAL_MS = 20;
const PACED = `${CALLERS} waiting callers`;
/** Starts sent, as a multiple of the peak rate; the last: each connection sends the next at the answer. */
const LEVELS = [0.5, 1, 2, null] as const;

const FIGURES = [
  ['ended', '/s'],
  ['waiting', 'ms'],
  ['status', 'ms'],
  ['live', 'ms'],
  ['ready', 'ms'],
  ['next', 'ms'],
  ['after', '/s'],
  ['peak', 'MB'],
] as const satisfies readonly (readonly [string, Unit])[];

type Flood = Figures<(typeof FIGURES)[number][0]>;

interface Setup {
  run: Run;
  name: string;
  env: Record<string, string>;
  load: Child<Load>;
}

interface Running {
  url: string;
  service: Child<WholeService>;
}

/**
 * More starts than the service can execute (G14): 64 connections start four-step processes without waiting, at half the
 * peak rate, at the peak rate, at twice that, and as fast as they are answered; what is refused (503) is sent again at
 * once. The service is as `npm start` runs it, everything embedded, and new in each measurement; the load generator
 * (autocannon) is a process of its own.
 *
 * Processes that end per second, during the flood and with 64 waiting callers right after it. Baseline, the peak rate: 64
 * callers that wait for the end of each of their processes. Besides: callers beside the flood (p99), one that waits and
 * one each that reads status, liveness and readiness; the first waiting start after it; and the peak memory.
 */
export const flood: Benchmark = (run) =>
  atEachLevel((level, load) => measureLevel({ run, name: 'flood', env: {}, load }, level));

/**
 * The same on Redis and a real Operaton, new ones for each level: what a flood leaves in the engine, whose database is its memory,
 * made the last of them three times as slow.
 */
export const floodProduction: Benchmark = (run) =>
  atEachLevel((level, load) => {
    const name = 'flood on Operaton and Redis';
    return inProduction(name, ({ env }) => measureLevel({ run, name, env, load }, level));
  });

async function atEachLevel(
  measure: (level: number | null, load: Child<Load>) => Promise<Report>,
): Promise<Report> {
  const load = startChild<Load>('children/load.ts');
  const report: Required<Report> = { rows: [], notes: [] };
  for (const level of LEVELS) {
    const { rows, notes = [] } = await measure(level, load);
    report.rows.push(...rows);
    report.notes.push(...notes);
  }
  await load.stop();
  return report;
}

async function measureLevel(setup: Setup, level: number | null): Promise<Required<Report>> {
  const { run } = setup;
  const name = `${setup.name}, ${level === null ? 'as fast as answered' : `${level} × peak`}`;
  const seconds = Math.max(2, Math.round(run.seconds(SECONDS)));
  const refused: number[] = [];
  let peakRate = 0;
  const rounds = await inTurns<keyof Flood>(run, name, FIGURES, {
    baseline: () =>
      inService(setup, async (running) => {
        const figures = await paced(running, seconds);
        peakRate = figures.ended;
        return figures;
      }),
    ours: () =>
      inService(setup, async (running) => {
        const rate = level === null ? undefined : Math.round(level * peakRate);
        const measured = await flooded(setup.load, running, seconds, rate);
        refused.push(measured.refusedShare);
        return measured;
      }),
  });
  const row = (figure: keyof Flood, what: string, unit: Unit) =>
    rowOf(rounds, figure, { name: `${name}: ${what}`, unit, baseline: PACED, goal: null });
  const atLeast = (value: number) => ({ of: 'ratio', limit: 'at least', value }) as const;
  const soon = { of: 'ours', limit: 'at most', value: 100 } as const;
  // Half of the peak rate cannot end more than that.
  const share = Math.min(1, level ?? 1) * 0.8;
  const reads = (['status', 'live', 'ready'] as const).map((figure) => ({
    ...row(figure, `${figure === 'status' ? 'status' : `health, ${figure}`}: p99`, 'ms'),
    goal: soon,
  }));
  const share503 = Math.round((refused.reduce((sum, one) => sum + one, 0) / refused.length) * 100);
  return {
    rows: [
      { ...row('ended', 'ended meanwhile', '/s'), goal: atLeast(share) },
      row('waiting', 'waiting caller: p99', 'ms'),
      ...reads,
      row('next', 'first waiting start after it', 'ms'),
      { ...row('after', 'ended after it', '/s'), goal: atLeast(0.8) },
      row('peak', 'peak memory', 'MB'),
    ],
    notes: [`${name}: ${share503} % of the starts were refused with a 503.`],
  };
}

async function inService<Result>(
  { run, env }: Setup,
  measureIt: (running: Running) => Promise<Result>,
): Promise<Result> {
  const service = startChild<WholeService>('children/whole-service.ts');
  const url = await service.call('start', { folder: run.folder(), env });
  try {
    await callersWait(url, run.seconds(WARM_UP_SECONDS));
    return await measureIt({ url, service });
  } finally {
    // Not stopped gracefully: executing the accepted processes would take long.
    await service.stop();
  }
}

async function callersWait(url: string, seconds: number): Promise<Measured> {
  const caller = openCaller(url, CALLERS);
  const measured = await runCallers(CALLERS, seconds, caller.startUntilEnded);
  await caller.close();
  return measured;
}

/** The same figures with the load that the service is made for. */
async function paced({ url, service }: Running, seconds: number): Promise<Flood> {
  const besides = startBesides(url);
  const { perSecond, p99 } = await callersWait(url, seconds);
  const { waiting: _one, ...reads } = await besides.stop();
  const next = await oneStart(url);
  const { peak } = await service.call('memory', {});
  return { ended: perSecond, waiting: p99, ...reads, next, after: perSecond, peak: peak / 1e6 };
}

async function flooded(
  load: Child<Load>,
  { url, service }: Running,
  seconds: number,
  rate: number | undefined,
): Promise<Flood & { refusedShare: number }> {
  const besides = startBesides(url);
  const endedPerSecond = await endsOver(service);
  const sent = await load.call('run', {
    ...{ url, seconds, connections: CALLERS, mayRefuse: true },
    ...(rate === undefined ? {} : { rate }),
  });
  const ended = await endedPerSecond();
  const next = await oneStart(url);
  const measured = await besides.stop();
  const afterPerSecond = await endsOver(service);
  await callersWait(url, AFTER_SECONDS);
  const after = await afterPerSecond();
  const { peak } = await service.call('memory', {});
  return {
    ...{ ended, ...measured, next, after, peak: peak / 1e6 },
    refusedShare: sent.refusedPerSecond / (sent.perSecond + sent.refusedPerSecond),
  };
}

/** @returns what gives the processes that have ended per second since then */
async function endsOver(service: Child<WholeService>): Promise<() => Promise<number>> {
  const before = await service.call('ended', {});
  const began = performance.now();
  return async () => {
    const ended = (await service.call('ended', {})) - before;
    return (ended / (performance.now() - began)) * 1_000;
  };
}

type Besides = Pick<Flood, 'waiting' | 'status' | 'live' | 'ready'>;

/** Callers beside the load, one of each kind; gives the p99 of each at their stop. */
function startBesides(url: string): { stop(): Promise<Besides> } {
  const times: Record<keyof Besides, number[]> = { waiting: [], status: [], live: [], ready: [] };
  const caller = openCaller(url, Object.keys(times).length);
  let isOver = false;

  async function repeat(kind: keyof Besides, once: () => Promise<unknown>): Promise<void> {
    while (!isOver) {
      const began = performance.now();
      await once();
      times[kind].push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, READ_INTERVAL_MS));
    }
  }

  async function callAll(): Promise<void> {
    const id = await caller.startAndWait();
    await Promise.all([
      repeat('waiting', caller.startUntilEnded),
      repeat('status', () => caller.read(`/api/process/status/${id}`)),
      repeat('live', () => caller.read('/health/live')),
      repeat('ready', () => caller.read('/health/ready')),
    ]);
  }

  const all = callAll();
  return {
    async stop() {
      isOver = true;
      await all;
      await caller.close();
      const p99 = (kind: keyof Besides): number => percentile(times[kind], 0.99);
      return {
        waiting: p99('waiting'),
        status: p99('status'),
        live: p99('live'),
        ready: p99('ready'),
      };
    },
  };
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
