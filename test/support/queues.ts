import { randomUUID } from 'node:crypto';
import { Queue as BullQueue } from 'bullmq';
import type { DeadLetters } from '../../domain/outbox/dead-letters.ts';
import type { OutboxRow } from '../../domain/outbox/outbox.ts';
import type {
  Delivery,
  Job,
  JobHandlers,
  JobName,
  Queue,
  TimedJobName,
} from '../../domain/outbox/queue.ts';
import type { QueueLog, RetryPolicy } from '../../domain/outbox/retry-policies.ts';
import { createInProcessQueue } from '../../infrastructure/in-process/queue.ts';
import { openRedis } from '../../infrastructure/redis/connection.ts';
import { type BullmqOptions, createBullmqQueue } from '../../infrastructure/redis/queue.ts';
import { outboxRowOf } from '../../jobs/event-jobs.ts';
import { createRelay, type Relay, type RelayOptions } from '../../jobs/relay-outbox.ts';
import { databaseKinds, type TestDatabase } from './databases.ts';
import { serverUrl } from './servers.ts';

export const silent: QueueLog = { debug() {}, warn() {}, error() {} };

/** The same policy for every job. */
export function policies(policy: RetryPolicy): Record<JobName, RetryPolicy> {
  return {
    'start-instance': policy,
    'retry-instance': policy,
    'cancel-instance': policy,
    'complete-user-task': policy,
    'project-process': policy,
  };
}

export function job(name: JobName, correlationId: string, eventId = '1'): Job {
  return { name, correlationId, eventId, redelivered: false };
}

/** A promise that a handler waits for and the test resolves. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

export interface QueueOptions {
  concurrency?: number;
  policies?: Record<JobName, RetryPolicy>;
  stalledMs?: number;
  /** In process only. */
  maxDeadLetters?: number;
  /** On BullMQ only. */
  keep?: BullmqOptions['keep'];
}

export type TestQueue = Queue & {
  deadLetters: DeadLetters;
  /** In process only. */
  holds?: (eventId: string) => boolean;
};

/** Several queues that share their jobs on BullMQ. */
export interface TestQueues {
  open(options?: QueueOptions): Promise<TestQueue>;
  /** The dead letters. */
  failed(name: JobName | TimedJobName): Promise<Job[]>;
  /** How many completed jobs are kept. */
  completed(name: JobName): Promise<number>;
  /** Closes them all and deletes their keys. */
  destroy(): Promise<void>;
}

export interface QueueKind {
  name: string;
  available: boolean;
  /** True: `addBulk` resolves when a job is stored; false: when it is done. */
  durable: boolean;
  create(): TestQueues;
}

/** The queues that the suites run against. */
export async function queueKinds(): Promise<QueueKind[]> {
  const redisUrl = await serverUrl('redis');
  return [
    { name: 'in-process', available: true, durable: false, create: inProcessQueues },
    {
      name: 'BullMQ',
      available: redisUrl !== null,
      durable: true,
      create: () => bullmqQueues(redisUrl ?? ''),
    },
  ];
}

/** Queues in the memory of this process. */
export function inProcessQueues(): TestQueues {
  const opened: Queue[] = [];
  return {
    async open({ concurrency = 8, policies: given, maxDeadLetters = 1_000 } = {}) {
      const queue = createInProcessQueue({
        concurrency,
        log: silent,
        maxDeadLetters,
        ...withPolicies(given),
      });
      opened.push(queue);
      return queue;
    },
    failed: async () => [],
    completed: async () => 0,
    async destroy() {
      await Promise.all(opened.map((queue) => queue.close(0)));
    },
  };
}

/** Queues on this Redis, under a prefix of their own. */
export function bullmqQueues(url: string): TestQueues & { prefix: string } {
  const prefix = `fc-test-${randomUUID()}`;
  const opened: Queue[] = [];
  return {
    prefix,
    async open({ concurrency = 8, policies: given, stalledMs, keep } = {}) {
      const queue = await createBullmqQueue({
        url,
        prefix,
        concurrency,
        log: silent,
        ...withPolicies(given),
        ...(stalledMs === undefined ? {} : { stalledMs }),
        ...(keep === undefined ? {} : { keep }),
      });
      opened.push(queue);
      return queue;
    },
    async failed(name) {
      const connection = openRedis(url, 'worker', () => {});
      const jobs = await new BullQueue<Job>(name, {
        connection,
        prefix,
        skipMetasUpdate: true,
      }).getFailed();
      connection.disconnect();
      return jobs.map(({ data }) => data);
    },
    async completed(name) {
      const connection = openRedis(url, 'worker', () => {});
      try {
        return await connection.zcard(`${prefix}:${name}:completed`);
      } finally {
        connection.disconnect();
      }
    },
    async destroy() {
      await Promise.all(opened.map((queue) => queue.close(0)));
      const redis = openRedis(url, 'caller', () => {});
      await new Promise((resolve) => redis.once('ready', resolve));
      const keys = await redis.keys(`${prefix}:*`);
      if (keys.length > 0) await redis.del(...keys);
      redis.disconnect();
    },
  };
}

function withPolicies(given: Record<JobName, RetryPolicy> | undefined): object {
  return given ? { policies: given } : {};
}

/** The begin and end of each finished run of a timed job, in order, over all instances. */
export async function timedRuns(
  redisUrl: string,
  name: string,
  prefix = 'fastify-camunda',
): Promise<{ began: number; ended: number }[]> {
  const connection = openRedis(redisUrl, 'caller', () => {});
  const queue = new BullQueue(name, { connection, prefix });
  try {
    const jobs = await queue.getJobs(['completed', 'failed']);
    return jobs
      .map(({ processedOn = 0, finishedOn = 0 }) => ({ began: processedOn, ended: finishedOn }))
      .sort((a, b) => a.began - b.began);
  } finally {
    await queue.close();
    connection.disconnect();
  }
}

export const LEASE_MS = 60_000;
/** No second attempt in the queue: the relay sees every failure. */
export const ONCE = policies({ attempts: 1, backoff: 1, maxBackoff: 1 });

function sqlite() {
  const kind = databaseKinds().find(({ name }) => name === 'SQLite');
  if (!kind) throw new Error('no SQLite');
  return kind;
}

/** A database whose new rows go to the relay, and the runs that the handlers of the queue have recorded. */
export function createWorld() {
  const runs: (Job & Delivery)[] = [];
  const work = { does: async (_job: Job): Promise<void> => {} };
  const handler = async (job: Job, delivery: Delivery): Promise<void> => {
    runs.push({ ...job, ...delivery });
    await work.does(job);
  };
  const handlers: JobHandlers = {
    'start-instance': handler,
    'retry-instance': handler,
    'cancel-instance': handler,
    'complete-user-task': handler,
    'project-process': handler,
  };
  const clock = { now: Date.now() };
  const relays: Relay[] = [];
  let nudge: (rows: readonly OutboxRow[]) => void = () => {};
  return {
    runs,
    work,
    handlers,
    clock,
    relays,
    open: (leaseMs = LEASE_MS): Promise<TestDatabase> =>
      sqlite().open({
        clock: () => clock.now,
        leaseMs,
        onAppended: (events) => nudge(events.map((event) => outboxRowOf(event, () => false))),
      }),
    relay(ports: Pick<RelayOptions, 'outbox' | 'queue' | 'isDeadLetter'>): Relay {
      const relay = createRelay({
        ...ports,
        log: silent,
        pollMs: 20,
        leaseMs: LEASE_MS,
        batch: 20,
      });
      relays.push(relay);
      return relay;
    },
    nudges(relay: Relay): void {
      nudge = relay.publish;
    },
  };
}

export type World = ReturnType<typeof createWorld>;
