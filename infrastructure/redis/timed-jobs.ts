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
import { closeWithin, type RunningWorker } from './close-worker.ts';
import type { RedisClient } from './connection.ts';

interface BullmqTimedOptions {
  /** For commands: fails at once when Redis is away. */
  connection: RedisClient;
  /** Opens a connection for a worker: waits for Redis. */
  connect: () => RedisClient;
  prefix: string;
  log: QueueLog;
  /** How a worker finds the jobs of one that died. */
  recovery: { lockDuration: number; stalledInterval: number; maxStalledCount: number };
  runRetryDelay: number;
  onError: (error: Error) => void;
}

interface BullmqTimedJobs {
  /** One for each timed job, also for those that this service instance does not schedule. */
  queues: readonly BullQueue[];
  schedule(name: TimedJobName, when: Schedule, handler: TimedJobHandler): Promise<void>;
  unschedule(name: TimedJobName): Promise<void>;
  /** Aborts the running jobs and waits up to `timeoutMs` for their end. */
  close(timeoutMs: number): Promise<void>;
}

interface Timed extends RunningWorker {
  handler: TimedJobHandler;
  when: Schedule;
}

/** Completed and failed runs stay for a week, the newest 100, for Bull Board. */
const KEEP_RUNS = { age: 7 * 24 * 3_600, count: 100 };

/** Makes both queues compute the times of a cron pattern alike; BullMQ itself uses another library. */
const settings = {
  repeatStrategy: (after: number, { pattern = '' }: RepeatOptions) =>
    nextTime(pattern, new Date(after)),
};

/**
 * Timed jobs as job schedulers of BullMQ: one queue for each, in which one job at a time runs over all service
 * instances (https://docs.bullmq.io/guide/queues/global-concurrency). BullMQ adds the next run when it starts one, so
 * at most one waits; it starts when the one before has ended or stalled.
 */
export function createBullmqTimedJobs(options: BullmqTimedOptions): BullmqTimedJobs {
  const { connection, connect, prefix, log, recovery, runRetryDelay, onError } = options;
  const timed = new Map<TimedJobName, Timed>();
  /** Timed jobs whose schedules must be removed. */
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
    'run-bulk': open('run-bulk'),
    'begin-due': open('begin-due'),
  };

  /** Writes the schedule unless Redis has it: writing it again would drop a run that is due. */
  async function ensureSchedule(name: TimedJobName, when: Schedule): Promise<void> {
    const queue = queues[name];
    await queue.setGlobalConcurrency(1);
    if (await isScheduled(queue, name, when)) return;
    // Removed first: a new period would keep the offset of the old one, and a shorter period that misses a time would
    // jump ahead by up to the old period (seen with BullMQ 6.7).
    await queue.removeJobScheduler(name);
    await queue.upsertJobScheduler(name, repeatOf(when), {
      name,
      opts: {
        attempts: 1,
        removeOnComplete: KEEP_RUNS,
        removeOnFail: KEEP_RUNS,
        stackTraceLimit: 1,
      },
    });
  }

  // A Redis that returns empty, or fails over to a replica that lagged, has lost the schedules.
  const writeAll = (): void => {
    for (const [name, { when }] of timed) ensureSchedule(name, when).catch(onError);
    for (const name of unwanted) queues[name].removeJobScheduler(name).catch(onError);
  };
  /** For an error of the connection: `writeAll` repeats the write when Redis is back. */
  const ignoreOutage = (error: Error): void => {
    if (error.name === 'ReplyError') throw error;
    onError(error);
  };
  connection.on('ready', writeAll);

  async function run(name: TimedJobName, job: BullJob, token: string | undefined): Promise<void> {
    const lost = new AbortController();
    runs.set(job.id ?? '', lost);
    const signal = AbortSignal.any([closing.signal, lost.signal]);
    try {
      await timed.get(name)?.handler(signal);
    } catch (error) {
      if (!closing.signal.aborted) throw error;
      // Aborted by the stop of this instance: another instance runs the job, or this one after its restart.
      await job.moveToWait(token);
      throw new WaitingError();
    } finally {
      runs.delete(job.id ?? '');
    }
  }
  const runs = new Map<string, AbortController>();

  function startWorker(name: TimedJobName): RunningWorker {
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
    // Another instance may run the job now.
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) runs.get(id)?.abort(new Error('the timed job lost its lock'));
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
      await ensureSchedule(name, when).catch(ignoreOutage);
      if (!known) timed.set(name, { when, handler, ...startWorker(name) });
    },
    async unschedule(name) {
      const known = timed.get(name);
      timed.delete(name);
      unwanted.add(name);
      await queues[name].removeJobScheduler(name).catch(ignoreOutage);
      if (!known) return;
      await known.worker.close();
      known.disconnect();
    },
    async close(timeoutMs) {
      connection.off('ready', writeAll);
      closing.abort(new Error('the queue is closed'));
      await Promise.all([...timed.values()].map((running) => closeWithin(running, timeoutMs)));
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
    },
  };
}

function repeatOf(when: Schedule): RepeatOptions {
  return 'cron' in when
    ? { pattern: when.cron, tz: 'UTC' }
    : // Without a start date BullMQ would run a new schedule at once.
      { every: when.everyMs, startDate: Date.now() + when.everyMs };
}

/** Whether Redis has this schedule, with a run that waits or runs. */
async function isScheduled(queue: BullQueue, name: TimedJobName, when: Schedule): Promise<boolean> {
  const known = await queue.getJobScheduler(name);
  if (!known) return false;
  const same =
    'cron' in when
      ? known.pattern === when.cron && known.tz === 'UTC'
      : Number(known.every) === when.everyMs;
  if (!same) return false;
  // Each run adds the next one, so a schedule without a job never runs again; somebody may have removed the job.
  const next = await queue.getJob(`repeat:${name}:${known.next}`);
  return next !== undefined && next !== null && next.finishedOn === undefined;
}
