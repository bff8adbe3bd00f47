import { setTimeout as sleep } from 'node:timers/promises';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { type Log, SetupError } from '../../../domain/common/index.ts';
import { checkRedis, isRedisAway } from '../../../infrastructure/redis/check-redis.ts';
import { prefixFor } from '../../../infrastructure/redis/connection.ts';
import { createLateQueue } from '../../../infrastructure/redis/late-queue.ts';
import { createRedisNotifier } from '../../../infrastructure/redis/notifier.ts';
import { createBullmqQueue } from '../../../infrastructure/redis/queue.ts';
import { type DirectStarts, startAtOnce } from '../../../jobs/start-at-once.ts';
import { type Config, redactConfig } from '../../config.ts';
import type { OnBoards } from '../../http/parts/server-parts.ts';

/** The interval of attempts to reach a Redis that is unavailable. */
const RETRY_INTERVAL_MS = 1_000;

/**
 * Opens queue and notifier through Redis. When it is unavailable, this is tried again in the background: the service runs
 * meanwhile, and accepted starts wait in the outbox.
 *
 * @throws SetupError with one line when REDIS_URL is wrong, or the server there cannot be used
 */
export async function openRedisTransport(
  config: Config,
  log: Log,
  onGap: () => void,
  starts: DirectStarts,
) {
  const concurrency = config.QUEUE_CONCURRENCY;
  const { REDIS_URL: url, REDIS_PREFIX: prefix } = config;
  const late = createLateQueue();
  const queue = startAtOnce(late, { ...starts, maxWaiting: config.WORKER_CONCURRENCY, log });
  const stopping = new AbortController();
  let boards: BullMQAdapter[] = [];
  let notifyBoards: (boards: readonly BullMQAdapter[]) => void = () => {};
  let trouble = await attempt();
  const isAway = trouble !== null;
  if (isAway) {
    log.warn({ reason: trouble }, 'Redis is unavailable: accepted starts wait in the outbox');
    void retryUntilOpen();
  }
  const notifier = await createRedisNotifier({
    url,
    log,
    onGap,
    channel: `${prefix}:states`,
    isAway,
  });
  return {
    queue: {
      ...queue,
      async close(timeoutMs: number) {
        stopping.abort();
        await queue.close(timeoutMs);
      },
    },
    notifier,
    deadLetters: late.deadLetters,
    // The outbox rows of jobs in Redis are deleted.
    isDeadLetter: () => false,
    onBoards(listener: Parameters<OnBoards>[0]) {
      notifyBoards = listener;
      listener(boards);
    },
    trouble: () => trouble,
  };

  async function retryUntilOpen(): Promise<void> {
    while (trouble !== null) {
      await sleep(RETRY_INTERVAL_MS, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      // A wrong server that was found only now: it may be fixed or replaced.
      const now = await attempt().catch((error: unknown) => String((error as Error).message));
      if (stopping.signal.aborted) return;
      if (now !== null && now !== trouble) log.warn({ reason: now }, 'Redis cannot be used yet');
      if (now === null) log.info({}, 'Redis is available');
      trouble = now;
    }
  }

  /** @returns null when the queue is open, or why Redis is unavailable */
  async function attempt(): Promise<string | null> {
    try {
      const warnings = await checkRedis(url);
      const opened = await createBullmqQueue({
        url,
        concurrency,
        log,
        prefix: prefixFor(url, prefix),
        stalledMs: config.JOB_LOCK_MS,
      });
      await late.use(opened);
      boards = opened.queues.map((one) => new BullMQAdapter(one));
      notifyBoards(boards);
      for (const warning of warnings) log.warn({}, warning);
      return null;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const line = `REDIS_URL: cannot use ${redactConfig(config).REDIS_URL}: ${reason}`;
      if (isRedisAway(cause)) return line;
      throw new SetupError(line, { cause });
    }
  }
}
