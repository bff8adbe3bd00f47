import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import type { Load } from './children/load.ts';
import type { WholeService } from './children/whole-service.ts';
import type { Benchmark } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { type Child, startChild } from './support/child.ts';
import { INPUT, PROCESS_KEY } from './support/four-steps.ts';
import {
  heapRow,
  type Sample,
  samplesTable,
  startHeldService,
  take,
} from './support/memory-over-time.ts';

const CALLERS = 64;
/** Whole minutes that the hour takes. */
const HOUR_MINUTES = 2;
const SAMPLES = 24;
const PEAK_SECONDS = 8;
/** On a machine with other work an answer may take long. */
const FLOOD_TIMEOUT_SECONDS = 60;
/** Right after the flood; what was accepted begins for up to 20 seconds more. */
const AFTER_SECONDS = 5;
/** After that, for a second peak rate: the machine may have become slower or faster meanwhile. */
const LATER_SECONDS = 25;
const FAST_CLOCK = fileURLToPath(new URL('children/fast-clock.mjs', import.meta.url));

/**
 * An hour's flood in minutes (`--minutes`; G14): 64 connections start four-step processes at twice the peak rate, and
 * nobody waits for them. Time passes faster for the service as in `endurance-days`, so that an hour's schedules come to
 * pass; the rate is twice the peak by the real clock. What is refused gets 503 with Retry-After, which a caller beside it
 * checks.
 *
 * The heap must not grow over the hour. Baseline of the rate: 64 waiting callers, before the flood and half a minute after
 * it. Ours: the same 64 in the first five seconds after it.
 */
export const enduranceFlood: Benchmark = async (run) => {
  const seconds = run.minutes
    ? run.minutes * 60
    : Math.max(8, Math.round(run.seconds(HOUR_MINUTES * 60)));
  const factor = 3_600 / seconds;
  const load = startChild<Load>('children/load.ts');
  const { url, service } = await startHeldService(run, {
    execArgv: ['--import', FAST_CLOCK],
    childEnv: { BENCH_CLOCK_FACTOR: String(factor) },
    env: {
      // In real time as by default: they wait for the processor, not for the clock.
      OUTBOX_LEASE_MS: String(Math.round(30_000 * factor)),
      RECONCILE_AFTER_MS: String(Math.round(60_000 * factor)),
      WAIT_TIMEOUT_MS: '600000',
    },
  });
  const peakFor = async (length: number): Promise<number> => {
    const perSecond = endsOver(service, await service.call('ended', {}));
    const caller = openCaller(url, CALLERS);
    await runCallers(CALLERS, length, caller.startUntilEnded);
    const rate = await perSecond();
    await caller.close();
    return rate;
  };
  await peakFor(run.seconds(PEAK_SECONDS));
  const before = await peakFor(run.seconds(PEAK_SECONDS));

  const samples: Sample[] = [];
  const rate = Math.round(2 * before);
  run.progress(`peak rate ${Math.round(before)}/s; ${rate} starts/s for ${seconds} s`);
  const perSecond = endsOver(service, await service.call('ended', {}));
  const flooding = load.call('run', {
    ...{ url, seconds, connections: CALLERS, rate },
    ...{ mayRefuse: true, timeoutSeconds: FLOOD_TIMEOUT_SECONDS },
  });
  const probe = startProbe(url);
  const began = performance.now();
  // The last one would be late for the end of the flood.
  for (let at = 1; at < SAMPLES; at++) {
    await sleep(Math.max(0, began + (at * seconds * 1_000) / SAMPLES - performance.now()));
    await take(run, service, `${Math.round((at * 60) / SAMPLES)} min`, samples);
  }
  const sent = await flooding;
  const meanwhile = await perSecond();
  const after = await peakFor(AFTER_SECONDS);
  const { refused, withRetryAfter } = await probe.stop();
  await sleep(run.seconds(LATER_SECONDS) * 1_000);
  await peakFor(run.seconds(PEAK_SECONDS));
  const later = await peakFor(run.seconds(PEAK_SECONDS));
  await take(run, service, 'after it', samples);
  await Promise.all([load.stop(), service.stop()]);

  const name = 'flood of an hour, 2 × peak';
  const callers = `${CALLERS} waiting callers`;
  const peak = (before + later) / 2;
  const rateRow = (what: string, ours: number, value: number) => ({
    ...{ name: `${name}: ${what}`, unit: '/s' as const, ours: [ours] },
    baseline: { what: callers, figures: [peak] },
    goal: { of: 'ratio' as const, limit: 'at least' as const, value },
  });
  const share = sent.refusedPerSecond / (sent.perSecond + sent.refusedPerSecond);
  return {
    rows: [
      heapRow(name, samples.slice(0, -1)),
      rateRow('ended meanwhile', meanwhile, 0.8),
      rateRow(`ended in the first ${AFTER_SECONDS} s after it`, after, 0.8),
    ],
    notes: [
      samplesTable(`${name}, in ${seconds} s`, samples),
      `${name}: ${Math.round(share * 100)} % of the starts were refused with a 503; of ${refused} that a caller beside it had, ${withRetryAfter} had a Retry-After. The peak rate was ${Math.round(before)}/s before, ${Math.round(later)}/s later.`,
    ],
  };
};

/** @returns what gives the processes that have ended per second since now */
function endsOver(service: Child<WholeService>, before: number): () => Promise<number> {
  const began = performance.now();
  return async () =>
    ((await service.call('ended', {})) - before) / ((performance.now() - began) / 1_000);
}

/** Starts a process twice a second, and counts what is refused. */
function startProbe(url: string) {
  const counts = { refused: 0, withRetryAfter: 0 };
  let isOver = false;
  async function probe(): Promise<void> {
    while (!isOver) {
      const { statusCode, headers, body } = await request(`${url}/api/process/start`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'respond-async' },
        body: JSON.stringify({ processKey: PROCESS_KEY, variables: INPUT }),
      });
      await body.dump();
      if (statusCode === 503) counts.refused++;
      if (statusCode === 503 && Number(headers['retry-after']) > 0) counts.withRetryAfter++;
      await sleep(500);
    }
  }
  const all = probe();
  return {
    async stop() {
      isOver = true;
      await all;
      return counts;
    },
  };
}
