import type { Log } from '../../../domain/common/index.ts';
import type { DeadLetters, Queue } from '../../../domain/outbox/index.ts';
import type { Notifier } from '../../../domain/process/index.ts';
import { createInProcessNotifier } from '../../../infrastructure/in-process/notifier.ts';
import { createInProcessQueue } from '../../../infrastructure/in-process/queue.ts';
import type { DirectStarts } from '../../../jobs/start-at-once.ts';
import type { Config } from '../../config.ts';
import type { OnBoards } from '../../http/parts/server-parts.ts';

interface Transport {
  queue: Queue;
  notifier: Notifier;
  deadLetters: DeadLetters;
  /** Whether the queue in this process keeps a job of this event as a dead letter. */
  isDeadLetter: (eventId: string) => boolean;
  /** Calls back with the queues in Redis now and when they are opened later; left out without Redis. */
  onBoards?: OnBoards;
  /** Why Redis has not been usable since the start, in one sentence; null once it was. */
  trouble(): string | null;
}

/**
 * Opens queue and notifier: both through Redis, or both in this process. What speaks to Redis is loaded only with a
 * REDIS_URL.
 *
 * @param onGap called when states of other service instances may have been missed
 * @param starts what decides whether a start needs the queue
 * @throws SetupError with one line when REDIS_URL is wrong, or the server there cannot be used
 */
export async function openTransport(
  config: Config,
  log: Log,
  onGap: () => void,
  starts: DirectStarts,
): Promise<Transport> {
  if (config.REDIS_URL !== '') {
    const { openRedisTransport } = await import('./redis-transport.ts');
    return openRedisTransport(config, log, onGap, starts);
  }
  const queue = createInProcessQueue({ concurrency: config.QUEUE_CONCURRENCY, log });
  const { deadLetters, holds } = queue;
  const notifier = createInProcessNotifier(log);
  return { queue, notifier, deadLetters, isDeadLetter: holds, trouble: () => null };
}
