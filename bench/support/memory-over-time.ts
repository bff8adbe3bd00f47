import { setTimeout as sleep } from 'node:timers/promises';
import type { Held, WholeService } from '../children/whole-service.ts';
import type { Run } from './benchmark.ts';
import { type Child, startChild } from './child.ts';
import type { Row } from './row.ts';
import { markdownTable } from './table.ts';

/** What the service held at one moment of a run. */
export interface Sample extends Held {
  /** The moment, as the table shows it. */
  at: string;
}

const MAX_GROWTH = 1.05;
const MAX_BYTES_PER_PROCESS = 16;
/** States of ended processes stay in memory for five seconds, some connections for four. */
const SETTLE_MS = 6_500;
const MEGABYTE = 1e6;

/**
 * Starts the service in a process that can be asked what it holds.
 *
 * @param options.env settings; `childEnv` of the process itself
 */
export async function startHeldService(
  run: Run,
  options: {
    folder?: string;
    env?: Record<string, string>;
    childEnv?: Record<string, string>;
    execArgv?: readonly string[];
  } = {},
): Promise<{ url: string; service: Child<WholeService> }> {
  const { folder = run.folder(), env = {}, childEnv = {}, execArgv = [] } = options;
  const service = startChild<WholeService>('children/whole-service.ts', {
    execArgv: ['--expose-gc', ...execArgv],
    env: childEnv,
  });
  const url = await service.call('start', { folder, env });
  return { url, service };
}

/** Waits until nothing is in hand, and what is kept for some seconds has gone. */
export async function settled(service: Child<WholeService>): Promise<void> {
  for (;;) {
    const { running, unpublished } = await service.call('unfinished', {});
    if (running + unpublished === 0) break;
    await sleep(250);
  }
  await sleep(SETTLE_MS);
}

export async function take(
  run: Run,
  service: Child<WholeService>,
  at: string,
  samples: Sample[],
): Promise<void> {
  const sample = { at, ...(await service.call('held', {})) };
  samples.push(sample);
  run.progress(cells(sample).join('  '));
}

/** The heap of the last quarter of the samples against that of the second one: what warms up does so in the first. */
export function heapRow(name: string, samples: readonly Sample[]): Row {
  const quarter = Math.floor(samples.length / 4);
  const mean = (some: readonly Sample[]): number =>
    some.reduce((sum, { heap }) => sum + heap, 0) / some.length / MEGABYTE;
  return {
    name: `${name}: heap, last quarter`,
    unit: 'MB',
    baseline: { what: 'second quarter', figures: [mean(samples.slice(quarter, 2 * quarter))] },
    ours: [mean(samples.slice(-quarter))],
    goal: { of: 'ratio', limit: 'at most', value: MAX_GROWTH },
  };
}

/**
 * The slope of the heap after the first quarter. It should be none; it may be a fourth of the smallest thing that could
 * be kept for a process by mistake: an empty object with its slot in an array takes 64 bytes, an id in a set more than a
 * hundred. Within that are the noise of a short run, and code that is compiled late.
 */
export function growthRow(name: string, samples: readonly Sample[]): Row {
  const later = samples.slice(Math.floor(samples.length / 4));
  return {
    name: `${name}: growth of the heap for a process`,
    unit: 'bytes',
    baseline: null,
    ours: [Math.max(0, slope(later))],
    goal: { of: 'ours', limit: 'at most', value: MAX_BYTES_PER_PROCESS },
  };
}

/** Bytes of heap for an ended process, by least squares. */
function slope(samples: readonly Pick<Sample, 'ended' | 'heap'>[]): number {
  const mean = (of: 'ended' | 'heap'): number =>
    samples.reduce((sum, one) => sum + one[of], 0) / samples.length;
  const [ended, heap] = [mean('ended'), mean('heap')];
  let products = 0;
  let squares = 0;
  for (const one of samples) {
    products += (one.ended - ended) * (one.heap - heap);
    squares += (one.ended - ended) ** 2;
  }
  return squares === 0 ? 0 : products / squares;
}

/** The samples as a table, at most `max` of them, the first and the last among them. */
export function samplesTable(what: string, samples: readonly Sample[], max = 13): string {
  const step = Math.max(1, (samples.length - 1) / (max - 1));
  const shown = new Set(
    Array.from(
      { length: Math.min(max, samples.length) },
      (_, at) => samples[Math.round(at * step)],
    ),
  );
  const head = [
    '',
    'ended',
    'heap',
    'external',
    'buffers',
    'RSS',
    'anonymous',
    'file',
    'WAL',
    'handles',
  ];
  const lines = [...shown].flatMap((sample) => (sample ? [cells(sample)] : []));
  return `${what}, in MB:\n\n${markdownTable([head, ...lines])}`;
}

function cells({ at, ended, heap, external, arrayBuffers, rss, ...rest }: Sample): string[] {
  const { anonymous, database, wal, handles } = rest;
  const megabytes = [heap, external, arrayBuffers].map((bytes) => (bytes / MEGABYTE).toFixed(1));
  const whole = [rss, anonymous, database, wal].map((bytes) => (bytes / MEGABYTE).toFixed(0));
  return [at, ended.toLocaleString('en'), ...megabytes, ...whole, String(handles)];
}
