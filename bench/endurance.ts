import type { Benchmark } from './support/benchmark.ts';
import { type Caller, openCaller } from './support/caller.ts';
import {
  growthRow,
  heapRow,
  type Sample,
  samplesTable,
  settled,
  startHeldService,
  take,
} from './support/memory-over-time.ts';

const CALLERS = 64;
const SAMPLES = 40;
const PROCESSES = 100_000;

/**
 * The memory of the service after many processes: 64 callers, each of which starts a process of four steps and waits for
 * its end, until 100,000 (`--processes`) have passed through. Now and then they pause; when nothing is in hand, and
 * garbage is collected, the service is asked what it holds.
 *
 * Everything embedded, in a process of its own. Caches fill in the first quarter; from then on the heap must not grow:
 * its mean in the last quarter against that in the second one, and its slope in bytes for a process.
 */
export const endurance: Benchmark = async (run) => {
  const { url, service } = await startHeldService(run);
  const caller = openCaller(url, CALLERS);
  const samples: Sample[] = [];
  const processes = run.processes ?? Math.ceil(run.seconds(PROCESSES));
  for (let at = 1; at <= SAMPLES; at++) {
    await passThrough(caller, Math.round(processes / SAMPLES));
    await settled(service);
    await take(run, service, `${at} of ${SAMPLES}`, samples);
  }
  await caller.close();
  await service.stop();
  const name = `${processes.toLocaleString('en')} processes`;
  return {
    rows: [heapRow(name, samples), growthRow(name, samples)],
    notes: [samplesTable(name, samples)],
  };
};

async function passThrough(caller: Caller, processes: number): Promise<void> {
  let left = processes;
  const call = async (): Promise<void> => {
    while (left-- > 0) await caller.startUntilEnded();
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
}
