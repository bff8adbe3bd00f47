import { afterFailure, type FailingJob, type NextAttempt } from '../program/retry-cycle.ts';
import { nextRepeat } from '../program/timers.ts';
import { elementWithJob } from './jobs.ts';
import { beginRun, type Context, nodeAt, openWait, type Run, StepError, stateOf } from './run.ts';
import type { State, Wait } from './state.ts';
import type { Step } from './step.ts';
import { scopeAt } from './variables.ts';

/*
 * Jobs are what somebody has to run: timers that are due, and asynchronous continuations. Each runs in a step of its
 * own; when that fails, nothing of it has happened, and it is attempted again.
 */

export interface FailedJob extends NextAttempt {
  /** What has changed in the instance; null: nothing. */
  readonly step: Step | null;
}

/**
 * What becomes of a job whose step has failed.
 *
 * @param id of what is awaited: a timer or a job
 * @throws StepError when nothing is awaited under this id
 */
export function failJob(context: Context, state: State, id: number, job: FailingJob): FailedJob {
  const run = beginRun(context, state);
  const wait = run.waits.get(id);
  if (!wait) throw new StepError(`nothing is awaited under ${id}`);
  const node = nodeAt(run, wait.node);
  const scope = { ...scopeAt(run, node), now: context.now };
  // A delivery belongs to no activity of its own.
  const next = wait.delivers
    ? afterFailure(job, null, scope, null)
    : afterFailure(
        job,
        elementWithJob(run, node, wait.handler).retryCycle,
        scope,
        context.retryCycle ?? null,
      );
  const step = continueCycle(run, wait) ? { state: stateOf(run), effects: run.effects } : null;
  return { ...next, step };
}

/**
 * The next time of a cycle comes whether this one succeeds or not: it becomes a timer of its own when an attempt has
 * failed for the first time, as in Camunda (`RepeatingFailedJobListener`).
 *
 * @returns false when there is no next time, or it has been made before
 */
function continueCycle(run: Run, wait: Wait): boolean {
  if (wait.kind !== 'timer' || wait.repeat === undefined) return false;
  const { now } = run.context;
  const next = nextRepeat(wait.repeat, wait.due ?? now, now);
  if (!next) return false;
  const { id: _id, repeat: _repeat, ...rest } = wait;
  delete wait.repeat;
  openWait(run, {
    ...rest,
    due: next.due,
    ...(next.repeat === null ? {} : { repeat: next.repeat }),
  });
  return true;
}
