import {
  type Job as BullJob,
  Queue as BullQueue,
  type RepeatOptions,
  WaitingError,
  Worker,
} from 'bullmq';
import {
  checkSchedule,
  nextTime,
  type QueueLog,
  type Schedule,
  type TimedJobHandler,
  type TimedJobName,
} from '../../domain/outbox/index.ts';
import { closeWithin } from './close-worker.ts';
import type { RedisClient } from './connection.ts';

export interface BullmqTimedOptions {
  /** For commands: fails at once when Redis is away. */
  connection: RedisClient;
  /** Opens a connection for a worker: waits for Redis. */
  connect: () => RedisClient;
  prefix: string;
  log: QueueLog;
  /** Settings of every worker: how it finds the jobs of one that died. */
  recovery: { lockDuration: number; stalledInterval: number; maxStalledCount: number };
  runRetryDelay: number;
  onError: (error: Error) => void;
}

export interface BullmqTimedJobs {
  /** One for each timed job, scheduled here or not. */
  queues: readonly BullQueue[];
  schedule(name: TimedJobName, when: Schedule, handler: TimedJobHandler): Promise<void>;
  unschedule(name: TimedJobName): Promise<void>;
  /** Tells the runs under way to end and waits for them up to `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

interface Timed {
  handler: TimedJobHandler;
  when: Schedule;
  worker: Worker;
  disconnect: () => void;
}

/** Finished and failed runs that are kept for a look: a week of them, and never more than this many. */
const KEPT = { age: 7 * 24 * 3_600, count: 100 };

/** Both queues read patterns alike; BullMQ's own reading is by another library. */
const settings = {
  repeatStrategy: (after: number, { pattern = '' }: RepeatOptions) =>
    nextTime(pattern, new Date(after)),
};

/**
 * Timed jobs as job schedulers of BullMQ: one queue for each, in which one job runs at a time over all
 * instances (https://docs.bullmq.io/guide/queues/global-concurrency). BullMQ adds the next run when it
 * hands one out, so at most one waits, and begins when the one before has ended or was found stalled.
 */
export function createBullmqTimedJobs(options: BullmqTimedOptions): BullmqTimedJobs {
  const { connection, connect, prefix, log, recovery, runRetryDelay, onError } = options;
  const timed = new Map<TimedJobName, Timed>();
  /** Whose schedules are to be taken away. */
  const unwanted = new Set<TimedJobName>();
  const closing = new AbortController();

  const open = (name: TimedJobName): BullQueue => {
    const queue = new BullQueue(name, { connection, prefix, settings });
    queue.on('error', onError);
    return queue;
  };
  const queues: Record<TimedJobName, BullQueue> = {
    'reconcile-processes': open('reconcile-processes'),
    'archive-expired': open('archive-expired'),
    'rollup-events': open('rollup-events'),
  };

  /** Writes the schedule unless it stands: writing it again would drop a run that is due. */
  async function ensure(name: TimedJobName, when: Schedule): Promise<void> {
    const queue = queues[name];
    await queue.setGlobalConcurrency(1);
    if (await stands(queue, name, when)) return;
    // A new period would keep the old one's offset, and a shorter one jump that far ahead when it misses
    // a time: up to the old period (seen with BullMQ 6.7).
    await queue.removeJobScheduler(name);
    await queue.upsertJobScheduler(name, repeatOf(when), {
      name,
      opts: { attempts: 1, removeOnComplete: KEPT, removeOnFail: KEPT, stackTraceLimit: 1 },
    });
  }

  // A Redis that came back empty, or failed over to a copy that lagged behind, knows no schedules.
  const again = (): void => {
    for (const [name, { when }] of timed) ensure(name, when).catch(onError);
    for (const name of unwanted) queues[name].removeJobScheduler(name).catch(onError);
  };
  /** Redis was lost meanwhile: `again` makes up for it when it is back. */
  const later = (error: Error): void => {
    if (error.name === 'ReplyError') throw error;
    onError(error);
  };
  connection.on('ready', again);

  async function run(name: TimedJobName, job: BullJob, token: string | undefined): Promise<void> {
    const lost = new AbortController();
    runs.set(job.id ?? '', lost);
    const signal = AbortSignal.any([closing.signal, lost.signal]);
    try {
      await timed.get(name)?.handler(signal);
    } catch (error) {
      if (!closing.signal.aborted) throw error;
      // Cut off by the stop: for another instance, or for this one when it is back.
      await job.moveToWait(token);
      throw new WaitingError();
    } finally {
      runs.delete(job.id ?? '');
    }
  }
  const runs = new Map<string, AbortController>();

  function startWorker(name: TimedJobName): Pick<Timed, 'worker' | 'disconnect'> {
    const own = connect();
    const worker = new Worker(name, (job, token) => run(name, job, token), {
      connection: own,
      prefix,
      concurrency: 1,
      ...recovery,
      runRetryDelay,
      settings,
    });
    worker.on('error', onError);
    worker.on('failed', (_job, error) => log.error({ err: error, job: name }, 'timed job failed'));
    // Another instance may have the run by now, or has it soon.
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) runs.get(id)?.abort(new Error('the lock of the timed job is lost'));
    });
    return { worker, disconnect: () => own.disconnect() };
  }

  return {
    queues: Object.values(queues),
    async schedule(name, when, handler) {
      checkSchedule(when);
      closing.signal.throwIfAborted();
      unwanted.delete(name);
      const known = timed.get(name);
      if (known) timed.set(name, { ...known, when, handler });
      await ensure(name, when).catch(later);
      // Without its schedule there is nothing for it to run.
      if (!known) timed.set(name, { when, handler, ...startWorker(name) });
    },
    async unschedule(name) {
      const known = timed.get(name);
      timed.delete(name);
      unwanted.add(name);
      await queues[name].removeJobScheduler(name).catch(later);
      if (!known) return;
      await known.worker.close();
      known.disconnect();
    },
    async close(timeoutMs) {
      connection.off('ready', again);
      closing.abort(new Error('the queue is closed'));
      await Promise.all(
        [...timed.values()].map(async ({ worker, disconnect }) => {
          await closeWithin(worker, timeoutMs);
          disconnect();
        }),
      );
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
    },
  };
}

function repeatOf(when: Schedule): RepeatOptions {
  return 'cron' in when
    ? { pattern: when.cron, tz: 'UTC' }
    : // Only for a new period; BullMQ would run it at once.
      { every: when.everyMs, startDate: Date.now() + when.everyMs };
}

/** Whether Redis has this schedule, with a run to come or under way. */
async function stands(queue: BullQueue, name: TimedJobName, when: Schedule): Promise<boolean> {
  const known = await queue.getJobScheduler(name);
  if (!known) return false;
  const same =
    'cron' in when
      ? known.pattern === when.cron && known.tz === 'UTC'
      : Number(known.every) === when.everyMs;
  if (!same) return false;
  // Somebody may have removed the job that brings the next: the chain would have ended there.
  const next = await queue.getJob(`repeat:${name}:${known.next}`);
  return next !== undefined && next !== null && next.finishedOn === undefined;
}
