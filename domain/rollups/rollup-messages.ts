import { add, copyOf, DAY_IN_MINUTES, type StepDelta, type StepGroup } from './rollup.ts';

/**
 * Different error messages that a step may have in a bucket. Some contain ids or times, so that no two are alike:
 * all further messages are counted together.
 */
const MAX_MESSAGES = 100;
/**
 * The same in a bucket of several days. Long ranges add up many of them, and what an answer costs is the number of its
 * different messages: with 100 the top errors of a year took 3.2 times as long over 10 million events as over one.
 */
const MAX_MESSAGES_OF_DAYS = 50;
/** Stands for all further messages. No hash is like that. */
export const OTHER_KEY = 'other';
const OTHER_MESSAGE = '(other messages)';
const DAY_MS = DAY_IN_MINUTES * 60_000;

/**
 * Counts further messages of a step together. Which ones these are depends on the order of the events and on their
 * days, not on where one batch ends and the next begins: the first messages keep rows of their own.
 *
 * @param knownIn the keys of the errors that the step has in the rollups already; called once for a group
 * @returns one delta for each row
 */
export function limitMessages(
  deltas: readonly StepDelta[],
  knownIn: (group: StepGroup) => Iterable<string>,
): StepDelta[] {
  const known = new Map<string, Set<string>>();
  const errors = new Map<string, StepDelta>();
  for (const delta of deltas) {
    if (delta.status === 'ok') continue;
    const group = groupKey(delta);
    let keys = known.get(group);
    if (!keys) {
      keys = new Set(knownIn(delta));
      keys.delete(OTHER_KEY);
      known.set(group, keys);
    }
    const { errorKey } = delta;
    const isOwn = errorKey !== OTHER_KEY && (keys.has(errorKey) || keys.size < maxMessages(delta));
    if (isOwn) keys.add(errorKey);
    const row = isOwn ? delta : { ...delta, errorKey: OTHER_KEY, errorMessage: OTHER_MESSAGE };
    const name = JSON.stringify([group, row.errorKey]);
    const sum = errors.get(name);
    if (sum) add(sum.measures, row.measures);
    // A copy: the caller may have to start again with the given deltas.
    else errors.set(name, { ...row, measures: copyOf(row.measures) });
  }
  return [...deltas.filter(({ status }) => status === 'ok'), ...errors.values()];
}

/**
 * A bucket of several days has half of its messages from its first day on, and the others evenly over its days. Else
 * messages with ids would take all of them on that day, and an error that begins later would have none.
 */
function maxMessages({ grain, bucketStart, day }: StepDelta): number {
  const days = grain / DAY_IN_MINUTES;
  if (days <= 1) return MAX_MESSAGES;
  const before = (Date.parse(day) - Date.parse(bucketStart)) / DAY_MS;
  return Math.floor((MAX_MESSAGES_OF_DAYS * (days - 1 + before)) / (2 * (days - 1)));
}

/** Names a group. */
export function groupKey(group: StepGroup): string {
  const { grain, bucketStart, processName, stepName, targetSystem } = group;
  return JSON.stringify([grain, bucketStart, processName, stepName, targetSystem]);
}
