import { nextRepeat } from '../../domain/bpmn/index.ts';
import { CodedError, isTransient } from '../../domain/common/index.ts';
import type { Outcome } from './changed-root.ts';
import type { EngineCore } from './engine-core.ts';
import { messageOf } from './errors.ts';
import { jobId } from './public-ids.ts';
import type { StartEventRow } from './store/rows.ts';

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
   * @param attempts `all`: a failure leaves no retries, for the next attempt at once would fail as this has
   * @returns why it failed; null when it has been done, here or elsewhere
   */
  run(job: JobRef, attempts: 'all' | 'once'): Promise<string | null>;
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
      const starts = store.definitions.dueStarts(at, BATCH);
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
      store.definitions.nextDueStart(after) ?? Number.POSITIVE_INFINITY,
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
      await run(job, 'all');
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

  async function run({ rootId, wait }: JobRef, attempts: 'all' | 'once'): Promise<string | null> {
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
      await fail(rootId, wait, attempts, error.message);
      return error.message;
    } finally {
      running.delete(id);
    }
  }

  async function fail(
    rootId: string,
    wait: number,
    attempts: 'all' | 'once',
    message: string,
  ): Promise<void> {
    await core.run((unit) => {
      const row = store.waits.get(rootId, wait);
      if (!row) return;
      const retries = attempts === 'all' ? 0 : Math.max(0, row.retries - 1);
      unit.defer(() => store.waits.fail(rootId, wait, retries, message, unit.now));
    });
    const ids = { processInstanceId: rootId, jobId: jobId(rootId, wait), reason: message };
    if (attempts === 'all') log.warn(ids, 'engine: a job failed and has no retries left');
  }

  async function runStart(given: StartEventRow): Promise<string | null> {
    const { definition_id: definitionId, element } = given;
    try {
      await core.run((unit) => {
        const row = store.definitions.startEvent(definitionId, element);
        if (row?.due !== given.due || row.retries === 0) return;
        unit.start(definitionId, { businessKey: null, variables: {}, startEvent: element });
        const next =
          row.repeat === null ? null : nextRepeat(row.repeat, row.due ?? unit.now, unit.now);
        unit.defer(() => {
          if (next)
            store.definitions.updateStartEvent({ ...row, due: next.due, repeat: next.repeat });
          else store.definitions.deleteStartEvent(definitionId, element);
        });
      });
      return null;
    } catch (error) {
      if (isTransient(error)) throw error;
      const message = messageOf(error);
      await core.run((unit) => {
        unit.defer(() =>
          store.definitions.updateStartEvent({ ...given, retries: 0, exception: message }),
        );
      });
      log.warn({ definitionId, reason: message }, 'engine: a timer could not start its process');
      return message;
    }
  }

  return {
    start: () => arm(nextDueSafely()),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
    arm,
    onOutcome({ jobs, nextDue: due, signals }) {
      if (stopped) return;
      for (const job of jobs)
        void runSafely(job).then((how) => how === 'unavailable' && arm(now() + RETRY_MS));
      arm(due);
      for (const signal of signals) {
        core
          .run((unit) => unit.signalTo(signal.rootIds, signal.name, signal.variables))
          .catch((error: unknown) => {
            if (stopped) return;
            log.error(
              { err: error, signal: signal.name },
              'engine: a signal was not delivered to all',
            );
          });
      }
    },
    run,
    runStart,
  };
}
