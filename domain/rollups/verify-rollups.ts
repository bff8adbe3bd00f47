import { PROCESS_GRAINS, STEP_GRAINS } from './rollup.ts';
import type { RollupCheck, RollupCount } from './rollups.ts';

/** Buckets of one length that do not count what the events of a process and type are. */
export interface RollupDifference {
  processName: string;
  eventType: string;
  /** Length of the buckets in minutes. */
  grain: number;
  counted: number;
  events: number;
}

export interface VerifiedRollups {
  /** Events up to the position of the rollups. */
  events: number;
  /** Counted events that do not exist any more: they were purged, unless they were counted twice. */
  purged: number;
  differences: RollupDifference[];
}

/**
 * Compares what the buckets of each length count with the events up to the position of the rollups. Fewer than
 * the events is a difference, and so are lengths that do not agree. More is what a purge leaves.
 *
 * @throws StoreUnavailableError
 */
export async function verifyRollups(
  check: RollupCheck,
  signal?: AbortSignal,
): Promise<VerifiedRollups> {
  const { counted, events } = await check.counts(signal);
  const result: VerifiedRollups = { events: 0, purged: 0, differences: [] };
  const kinds = new Map<string, Omit<RollupCount, 'count'>>();
  for (const one of [...events, ...counted]) kinds.set(nameOf(one), one);
  for (const [name, { processName, eventType }] of kinds) {
    const there = sumOf(events.filter((one) => nameOf(one) === name));
    const grains = eventType.startsWith('step-') ? STEP_GRAINS : PROCESS_GRAINS;
    const sums = grains.map((grain) => ({
      grain,
      counted: sumOf(counted.filter((one) => one.grain === grain && nameOf(one) === name)),
    }));
    const most = Math.max(there, ...sums.map((sum) => sum.counted));
    result.events += there;
    result.purged += most - there;
    for (const sum of sums) {
      if (sum.counted === most) continue;
      result.differences.push({ processName, eventType, ...sum, events: most });
    }
  }
  return result;
}

function nameOf({ processName, eventType }: Omit<RollupCount, 'count'>): string {
  return JSON.stringify([processName, eventType]);
}

function sumOf(counts: readonly RollupCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}
