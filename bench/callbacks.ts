import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import type { WholeService } from './children/whole-service.ts';
import type { Benchmark, Run } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';
import { pacedStarts } from './support/paced-starts.ts';
import type { Row } from './support/row.ts';
import { percentile } from './support/statistics.ts';

const CALLERS = 64;
const PEAK_SECONDS = 4;
const SECONDS = 8;
/** The goal for the first delivery, in milliseconds. */
const MAX_P99_MS = 100;

/**
 * How soon a receiver has the callback of a process that has ended, from the time that the event carries: four-step
 * processes on the embedded default, one caller, and at half of the rate at which 64 callers can end them. The receiver is
 * in this process, on the same machine.
 */
export const callbacks: Benchmark = async (run) => {
  const alone = { p50: [] as number[], p99: [] as number[] };
  const loaded = { p50: [] as number[], p99: [] as number[] };
  for (let round = 1; round <= run.rounds; round++) {
    const lags = await measure(run);
    for (const [figures, list] of [
      [alone, lags.alone],
      [loaded, lags.loaded],
    ] as const) {
      figures.p50.push(percentile(list, 0.5));
      figures.p99.push(percentile(list, 0.99));
    }
    const text = `alone ${Math.round(percentile(lags.alone, 0.99))} ms, half load ${Math.round(percentile(lags.loaded, 0.99))} ms`;
    run.progress(`callbacks, round ${round} of ${run.rounds}, p99: ${text}`);
  }
  const row = (name: string, ours: number[], goal: Row['goal'] = null): Row => ({
    name: `commit to first delivery, ${name}`,
    unit: 'ms',
    baseline: null,
    ours,
    goal,
  });
  const goal = { of: 'ours', limit: 'at most', value: MAX_P99_MS } as const;
  return {
    rows: [
      row('alone: p50', alone.p50),
      row('alone: p99', alone.p99, goal),
      row('half load: p50', loaded.p50),
      row('half load: p99', loaded.p99, goal),
    ],
  };
};

async function measure(run: Run): Promise<{ alone: number[]; loaded: number[] }> {
  let lags: number[] = [];
  let received = 0;
  const receiver = createServer((incoming, response) => {
    const now = Date.now();
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      response.writeHead(204).end();
      const { timestamp } = JSON.parse(String(Buffer.concat(chunks))) as { timestamp: string };
      lags.push(now - Date.parse(timestamp));
      received++;
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const target = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const service = startChild<WholeService>('children/whole-service.ts');
  const url = await service.call('start', {
    folder: run.folder(),
    env: {
      CALLBACK_PRIVATE_HOSTS: target,
      CALLBACK_SECRET: 'a secret of a benchmark with many letters',
    },
  });
  const made = await request(`${url}/api/admin/subscriptions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: target }),
  });
  await made.body.dump();
  const caller = openCaller(url, CALLERS);
  /** Waits until every process that has ended is delivered. */
  const settled = async (): Promise<void> => {
    const ended = await service.call('ended', {});
    while (received < ended) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  // Also the warm-up: a service whose code is not compiled yet delivers more slowly than one caller ends processes.
  const peak = await runCallers(CALLERS, run.seconds(PEAK_SECONDS), caller.startAndWait);
  await settled();
  lags = [];
  await runCallers(1, run.seconds(SECONDS), caller.startAndWait);
  await settled();
  const alone = lags;
  lags = [];
  await pacedStarts(caller, peak.perSecond / 2, run.seconds(SECONDS));
  await settled();
  await caller.close();
  await service.stop();
  receiver.close();
  return { alone, loaded: lags };
}
