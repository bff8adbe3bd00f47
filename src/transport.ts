import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { SetupError } from '../domain/errors.ts';
import type { DeadLetters } from '../domain/ports/dead-letters.ts';
import type { Notifier } from '../domain/ports/notifier.ts';
import type { Queue } from '../domain/ports/queue.ts';
import { createInProcessNotifier } from '../infrastructure/notifier/in-process.ts';
import { createRedisNotifier } from '../infrastructure/notifier/redis.ts';
import { createBullmqQueue } from '../infrastructure/queue/bullmq.ts';
import { createInProcessQueue } from '../infrastructure/queue/in-process.ts';
import { prefixFor } from '../infrastructure/redis.ts';
import { checkRedis } from '../infrastructure/redis-check.ts';
import { type Config, redactConfig } from './config.ts';
import type { PartLog } from './observability/log-with-traces.ts';

export interface Transport {
  queue: Queue;
  notifier: Notifier;
  deadLetters: DeadLetters;
  /** Whether the queue has a job of this event among the dead letters of this process. */
  isDeadLetter: (eventId: string) => boolean;
  /** The queues in Redis, for a look at them; none without Redis. */
  boards: readonly BullMQAdapter[];
}

/** Queue and notifier: both through Redis, or both in this process. */
export async function openTransport(
  config: Config,
  log: PartLog,
  onGap: () => void,
): Promise<Transport> {
  const concurrency = config.QUEUE_CONCURRENCY;
  const { REDIS_URL: url, REDIS_PREFIX: prefix } = config;
  if (url === '') {
    const queue = createInProcessQueue({ concurrency, log });
    const { deadLetters, holds } = queue;
    const notifier = createInProcessNotifier(log);
    return { queue, notifier, deadLetters, isDeadLetter: holds, boards: [] };
  }
  for (const warning of await checkRedis(url).catch(unusable)) log.warn({}, warning);
  let notifier: Notifier | undefined;
  try {
    notifier = await createRedisNotifier({ url, log, onGap, channel: `${prefix}:states` });
    const queue = await createBullmqQueue({
      url,
      concurrency,
      log,
      prefix: prefixFor(url, prefix),
      stalledMs: config.JOB_LOCK_MS,
    });
    const { deadLetters, queues } = queue;
    const boards = queues.map((one) => new BullMQAdapter(one));
    // The outbox row of a job in Redis is gone.
    return { queue, notifier, deadLetters, isDeadLetter: () => false, boards };
  } catch (cause) {
    await notifier?.close();
    return unusable(cause);
  }

  function unusable(cause: unknown): never {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`REDIS_URL: cannot use ${redactConfig(config).REDIS_URL}: ${reason}`, {
      cause,
    });
  }
}
