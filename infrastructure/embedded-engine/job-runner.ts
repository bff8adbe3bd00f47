import type { NextAttempt } from '../../domain/bpmn/index.ts';
import { CodedError, isTransient } from '../../domain/common/index.ts';
import type { Outcome } from './changed-root.ts';
import type { EngineCore } from './engine-core.ts';
import { jobId } from './public-ids.ts';
import { createStartJobs } from './start-jobs.ts';
import type { StartEventRow, WaitRow } from './store/rows.ts';
import type { Unit } from './unit-of-work.ts';

interface JobRef {
  readonly rootId: string;
  readonly wait: number;
}

/** Runs timers when they are due, and asynchronous continuations right after the commit that made them. */
export interface JobRunner {
  start(): void;
  stop(): void;
  /** A timer is due at this time: wake up for it. */
  arm(at: number): void;
  onOutcome(outcome: Outcome): void;
  /**
   * Runs one now.
   *
   * @returns why it failed; null when it has been done, here or elsewhere
   */
  run(job: JobRef): Promise<string | null>;
  runStart(start: StartEventRow): Promise<string | null>;
}

/** Jobs that are run before the loop looks for more. */
const BATCH = 100;
/** Milliseconds before the due jobs are read again after the database did not answer. */
const RETRY_MS = 1_000;
/** setTimeout takes no more than 2^31 - 1. */
const MAX_TIMER_DELAY_MS = 2_000_000_000;

export function createJobRunner(core: EngineCore): JobRunner {
  const { store, now, log } = core;
  const startJobs = createStartJobs(core);
  /** Those that are being run: the database still shows them as due. */
  const running = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let wakeAt = Number.POSITIVE_INFINITY;
  let waking = false;
  let stopped = false;

  function arm(at: number): void {
    if (stopped || at >= wakeAt) return;
    wakeAt = at;
    clearTimeout(timer);
    timer = setTimeout(wake, Math.min(MAX_TIMER_DELAY_MS, Math.max(0, at - now())));
  }

  async function wake(): Promise<void> {
    wakeAt = Number.POSITIVE_INFINITY;
    if (waking || stopped) return;
    waking = true;
    try {
      const at = now();
      const due = store.waits
        .due(at, BATCH + running.size)
        .map(({ root_id: rootId, wait }) => ({ rootId, wait }))
        .filter(({ rootId, wait }) => !running.has(jobId(rootId, wait)));
      const starts = store.startEvents.due(at, BATCH);
      const outcomes = await Promise.all([
        ...due.map((job) => runSafely(job)),
        ...starts.map((start) => runStartSafely(start)),
      ]);
      const failed = outcomes.includes('unavailable');
      const isMore = due.length + starts.length > 0;
      arm(failed ? now() + RETRY_MS : isMore ? now() : nextDue(at));
    } catch (error) {
      log.error({ err: error }, 'engine: could not read the due jobs');
      arm(now() + RETRY_MS);
    } finally {
      waking = false;
      // Something was armed meanwhile, and its wake-up came to nothing.
      if (wakeAt === Number.POSITIVE_INFINITY) arm(nextDueSafely());
    }
  }

  function nextDue(after: number): number {
    return Math.min(
      store.waits.nextDue(after) ?? Number.POSITIVE_INFINITY,
      store.startEvents.nextDue(after) ?? Number.POSITIVE_INFINITY,
    );
  }

  function nextDueSafely(): number {
    try {
      return nextDue(-1);
    } catch {
      return now() + RETRY_MS;
    }
  }

  async function runSafely(job: JobRef): Promise<'done' | 'unavailable'> {
    try {
      await run(job);
      return 'done';
    } catch (error) {
      if (!stopped)
        log.error({ err: error, processInstanceId: job.rootId }, 'engine: a job was not run');
      return 'unavailable';
    }
  }

  async function runStartSafely(start: StartEventRow): Promise<'done' | 'unavailable'> {
    try {
      await runStart(start);
      return 'done';
    } catch (error) {
      if (!stopped)
        log.error(
          { err: error, definitionId: start.definition_id },
          'engine: a timer did not start its process',
        );
      return 'unavailable';
    }
  }

  async function run({ rootId, wait }: JobRef): Promise<string | null> {
    const id = jobId(rootId, wait);
    running.add(id);
    try {
      await core.run((unit) => {
        const state = unit.state(rootId);
        if (state?.waits.some(({ id: one }) => one === wait)) {
          unit.step(rootId, { kind: 'wait', id: wait });
        } else {
          unit.defer(() => store.waits.delete(rootId, wait));
        }
      });
      return null;
    } catch (error) {
      if (!(error instanceof CodedError) || isTransient(error)) throw error;
      await fail({ rootId, wait }, error.message);
      return error.message;
    } finally {
      running.delete(id);
    }
  }

  /** Nothing of its step has happened, so it waits as before. */
  async function fail({ rootId, wait }: JobRef, message: string): Promise<void> {
    const next = await core.run((unit) => {
      const row = store.waits.get(rootId, wait);
      if (!row) return null;
      const attempt = nextAttempt(row, unit);
      unit.defer(() => store.waits.fail(rootId, wait, attempt, message, unit.now));
      return attempt;
    });
    if (!next) return;
    const ids = { processInstanceId: rootId, jobId: jobId(rootId, wait), reason: message };
    if (next.retries === 0) log.warn(ids, 'engine: a job failed and has no retries left');
    else arm(next.due ?? now());
  }

  function nextAttempt(
    { root_id: rootId, wait, retries, exception }: WaitRow,
    unit: Unit,
  ): NextAttempt {
    try {
      return unit.failJob(rootId, wait, { retries, isFirst: exception === null });
    } catch (error) {
      // The instance cannot be read, which may be why the job has failed.
      if (!(error instanceof CodedError) || isTransient(error)) throw error;
      return { retries: Math.max(0, retries - 1), due: null };
    }
  }

  async function runStart(start: StartEventRow): Promise<string | null> {
    const failure = await startJobs.run(start);
    if (failure?.nextDue !== undefined && failure.nextDue !== null) arm(failure.nextDue);
    return failure?.reason ?? null;
  }

  return {
    start: () => arm(nextDueSafely()),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
    arm,
    onOutcome({ jobs, nextDue: due }) {
      if (stopped) return;
      for (const job of jobs)
        void runSafely(job).then((how) => how === 'unavailable' && arm(now() + RETRY_MS));
      arm(due);
    },
    run,
    runStart,
  };
}
