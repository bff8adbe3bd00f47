import { Cron } from 'croner';
import type { Schedule } from './queue.ts';

/** Longest delay of a timer of Node, in milliseconds: about 24 days. */
const MAX_PERIOD_MS = 2_147_483_647;

/** @throws RangeError with one sentence that says what is wrong */
export function checkSchedule(when: Schedule): void {
  if ('cron' in when) {
    nextTime(when.cron, new Date());
    return;
  }
  const { everyMs } = when;
  if (!Number.isInteger(everyMs) || everyMs < 1 || everyMs > MAX_PERIOD_MS) {
    throw new RangeError(`a period must be 1 to ${MAX_PERIOD_MS} whole milliseconds: ${everyMs}`);
  }
}

/**
 * The first time of a cron pattern after `after`, in milliseconds since the epoch. Both queues use it,
 * so that a pattern means the same to both.
 *
 * @throws RangeError when it is not a pattern of five fields, or has no future time
 */
export function nextTime(pattern: string, after: Date): number {
  let next: Date | null;
  try {
    next = new Cron(pattern, { timezone: 'UTC', mode: '5-part', paused: true }).nextRun(after);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`"${pattern}" is not a cron pattern of five fields: ${reason}`, { cause });
  }
  if (!next) throw new RangeError(`the cron pattern "${pattern}" has no future time`);
  return next.getTime();
}
