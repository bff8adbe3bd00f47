import { mergeInto } from './histogram.ts';
import type { Measures, StepDelta, StepGroup } from './rollup.ts';

/**
 * Different error messages that a step may have in a bucket. Some contain ids or times, so that no two are alike:
 * all further messages are counted together.
 */
const MAX_MESSAGES = 100;
/** Stands for all further messages. No hash is like that. */
export const OTHER_KEY = 'other';
const OTHER_MESSAGE = '(other messages)';

/**
 * Counts further messages of a step together. Which ones these are depends only on the order of the events, not on
 * where one batch ends and the next begins: the first messages keep rows of their own.
 *
 * @param knownIn the keys of the errors that the step has in the rollups already; called once for a group
 */
export function limitMessages(
  deltas: readonly StepDelta[],
  knownIn: (group: StepGroup) => Iterable<string>,
): StepDelta[] {
  const known = new Map<string, Set<string>>();
  const others = new Map<string, StepDelta>();
  const kept: StepDelta[] = [];
  for (const delta of deltas) {
    if (delta.status === 'ok') {
      kept.push(delta);
      continue;
    }
    const group = groupKey(delta);
    let keys = known.get(group);
    if (!keys) {
      keys = new Set(knownIn(delta));
      keys.delete(OTHER_KEY);
      known.set(group, keys);
    }
    if (keys.has(delta.errorKey) || keys.size < MAX_MESSAGES) {
      keys.add(delta.errorKey);
      kept.push(delta);
      continue;
    }
    const other = others.get(group);
    if (other) {
      add(other.measures, delta.measures);
      continue;
    }
    // A copy: the caller may have to start again with the given deltas.
    const measures = { ...delta.measures, histogram: new Map(delta.measures.histogram) };
    others.set(group, { ...delta, errorKey: OTHER_KEY, errorMessage: OTHER_MESSAGE, measures });
  }
  return [...kept, ...others.values()];
}

/** Names a group. */
export function groupKey(group: StepGroup): string {
  const { grain, bucketStart, processName, stepName, targetSystem } = group;
  return JSON.stringify([grain, bucketStart, processName, stepName, targetSystem]);
}

/** Adds measures to others. */
export function add(to: Measures, more: Measures): void {
  to.eventCount += more.eventCount;
  to.timedCount += more.timedCount;
  to.sumMs += more.sumMs;
  to.minMs = least(to.minMs, more.minMs, Math.min);
  to.maxMs = least(to.maxMs, more.maxMs, Math.max);
  mergeInto(to.histogram, more.histogram);
}

function least(a: number | null, b: number | null, of: typeof Math.min): number | null {
  if (a === null) return b;
  return b === null ? a : of(a, b);
}
