import { type Log, sleep } from '../domain/common/index.ts';
import type { Job, Queue } from '../domain/outbox/index.ts';
import type { Notifier, ProcessStore } from '../domain/process/index.ts';

export interface ProjectionPorts {
  processStore: Pick<ProcessStore, 'projectMany'>;
  notifier: Pick<Notifier, 'publish'>;
  log: Pick<Log, 'debug'>;
  /** Called for each job whose process was projected. */
  onProjected?: (job: Job) => void;
}

/** How long the first event waits for others, in milliseconds: callers got the state at the commit. */
const GATHER_MS = 40;
/** The same after a batch of few processes, which leaves time for small ones: lists then follow at once. */
const QUICK_MS = 5;
const FEW = 8;
/** Processes in one transaction: it blocks other writers of an SQLite file for some milliseconds. */
const MAX_BATCH = 200;

interface Waiting {
  jobs: Job[];
  answers: { resolve: () => void; reject: (error: unknown) => void }[];
}

/**
 * Takes the projections out of what is given to a queue, and does them here: all processes that changed in a while in
 * one transaction, each once, however many events it has had. A projection job for each event, seven for a process of
 * four steps, took more than the steps themselves.
 *
 * What cannot be projected is given to the queue as jobs, one for a process, which tries again as it does with every
 * job. An outbox row is kept until its process is projected either way.
 */
export function gatherProjections(queue: Queue, ports: ProjectionPorts): Queue {
  const { processStore, notifier, log, onProjected = () => {} } = ports;
  let waiting = new Map<string, Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let delayMs = QUICK_MS;
  const closing = new AbortController();

  function add(job: Job): Promise<void> {
    return new Promise((resolve, reject) => {
      closing.signal.throwIfAborted();
      const known = waiting.get(job.correlationId);
      if (known) {
        known.jobs.push(job);
        known.answers.push({ resolve, reject });
      } else {
        waiting.set(job.correlationId, { jobs: [job], answers: [{ resolve, reject }] });
      }
      if (!running) timer ??= setTimeout(start, delayMs);
    });
  }

  function start(): void {
    timer = undefined;
    running = projectWaiting().finally(() => {
      running = undefined;
      if (waiting.size > 0 && !closing.signal.aborted) timer ??= setTimeout(start, delayMs);
    });
  }

  /** What comes meanwhile is for the next batch: the event may have been committed after its stream was read. */
  async function projectWaiting(): Promise<void> {
    const all = [...waiting];
    delayMs = all.length < FEW ? QUICK_MS : GATHER_MS;
    waiting = new Map();
    for (let at = 0; at < all.length; at += MAX_BATCH) {
      await projectBatch(new Map(all.slice(at, at + MAX_BATCH)));
    }
  }

  async function projectBatch(batch: ReadonlyMap<string, Waiting>): Promise<void> {
    try {
      const states = await processStore.projectMany([...batch.keys()]);
      await Promise.all(states.map((state) => notifier.publish(state)));
    } catch (error) {
      log.debug({ error: String(error), processes: batch.size }, 'a batch was not projected');
      for (const one of batch.values()) giveToQueue(one);
      return;
    }
    for (const { jobs, answers } of batch.values()) {
      for (const job of jobs) onProjected(job);
      for (const { resolve } of answers) resolve();
    }
  }

  /** One job projects all events of the process. */
  function giveToQueue({ jobs, answers }: Waiting): void {
    const [done] = queue.addBulk(jobs.slice(0, 1));
    done?.then(
      () => {
        for (const { resolve } of answers) resolve();
      },
      (error: unknown) => {
        for (const { reject } of answers) reject(error);
      },
    );
  }

  return {
    ...queue,
    addBulk(jobs) {
      const others = jobs.filter(({ name }) => name !== 'project-process');
      const answers = others.length > 0 ? queue.addBulk(others) : [];
      let at = 0;
      return jobs.map((job) =>
        job.name === 'project-process' ? add(job) : (answers[at++] ?? Promise.resolve()),
      );
    },
    async close(timeoutMs) {
      closing.abort(new Error('the queue is closed'));
      clearTimeout(timer);
      const { reason } = closing.signal;
      for (const { answers } of waiting.values()) for (const { reject } of answers) reject(reason);
      waiting.clear();
      // A database that does not answer must not hold up the stop: the outbox rows are still there.
      const timeUp = new AbortController();
      await Promise.race([running, sleep(timeoutMs, timeUp.signal)]);
      timeUp.abort();
      await queue.close(timeoutMs);
    },
  };
}
