import type { ProcessEvent } from '../../api/client.ts';

/** One run of a step, or a wait for its next one. */
export interface Attempt {
  version: number;
  step: string;
  number: number;
  outcome: 'ok' | 'error' | 'cancelled';
  attempt: number;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  /** Until the next attempt, after a failure. */
  waitMs: number;
  event: ProcessEvent;
}

/**
 * The attempts at the steps of a process. An event says when an attempt ended and how long its work took, so the bar
 * begins that much earlier.
 */
export function attemptsOf(events: readonly ProcessEvent[]): Attempt[] {
  return events.flatMap((event) => {
    if (!event.step || (event.type !== 'step-completed' && event.type !== 'step-failed')) return [];
    const to = Date.parse(event.createdAt);
    const { attempt, kind, retryIn, retriesLeft } = event.data;
    const isRetried = event.type === 'step-failed' && Number(retriesLeft) > 0;
    return [
      {
        version: event.version,
        step: event.step.name,
        number: event.step.number,
        outcome:
          event.type === 'step-completed' ? 'ok' : kind === 'cancelled' ? 'cancelled' : 'error',
        attempt: Number(attempt ?? 1),
        from: to - (event.audit.executionTime ?? 0),
        to,
        waitMs: isRetried ? Number(retryIn ?? 0) : 0,
        event,
      } satisfies Attempt,
    ];
  });
}

/** A step that failed and was tried again, and why. */
export interface RetriedStep {
  step: string;
  attempts: number;
  /** Of the last attempt. */
  outcome: Attempt['outcome'];
  causes: { code: string; message: string; times: number; version: number }[];
}

/** The steps that took several attempts, in the order of their first one; equal failures as one cause. */
export function retriesOf(events: readonly ProcessEvent[]): RetriedStep[] {
  const all = attemptsOf(events);
  return [...new Set(all.map(({ step }) => step))].flatMap((step) => {
    const attempts = all.filter((attempt) => attempt.step === step);
    const causes: RetriedStep['causes'] = [];
    for (const { outcome, event, version } of attempts) {
      if (outcome !== 'error') continue;
      const [code, message] = [String(event.data.code), String(event.data.message)];
      const known = causes.find((cause) => cause.code === code && cause.message === message);
      if (known) known.times++;
      else causes.push({ code, message, times: 1, version });
    }
    const outcome = attempts.at(-1)?.outcome ?? 'ok';
    if (attempts.length < 2 || causes.length === 0) return [];
    return [{ step, attempts: attempts.length, outcome, causes }];
  });
}

/** When the first event was written and the last one ended, at least a millisecond apart. */
export function spanOf(
  events: readonly ProcessEvent[],
  attempts: readonly Attempt[],
  now: number | null,
): { from: number; to: number } {
  const times = events.map(({ createdAt }) => Date.parse(createdAt));
  const from = Math.min(...times, ...attempts.map((attempt) => attempt.from));
  const to = Math.max(...times, ...attempts.map(({ to, waitMs }) => to + waitMs), now ?? 0);
  return { from, to: Math.max(to, from + 1) };
}
