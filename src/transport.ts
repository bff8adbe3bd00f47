import { SetupError } from '../domain/errors.ts';
import type { Notifier, Queue } from '../domain/ports.ts';
import { createInProcessNotifier } from '../infrastructure/notifier/in-process.ts';
import { createRedisNotifier } from '../infrastructure/notifier/redis.ts';
import { createBullmqQueue } from '../infrastructure/queue/bullmq.ts';
import { createInProcessQueue } from '../infrastructure/queue/in-process.ts';
import { prefixFor } from '../infrastructure/redis.ts';
import { checkRedis } from '../infrastructure/redis-check.ts';
import { type Config, redactConfig } from './config.ts';
import type { PartLog } from './observability/log-with-traces.ts';

/** Queue and notifier: both through Redis, or both in this process. */
export async function openTransport(
  config: Config,
  log: PartLog,
  onGap: () => void,
): Promise<{ queue: Queue; notifier: Notifier }> {
  const concurrency = config.QUEUE_CONCURRENCY;
  const { REDIS_URL: url, REDIS_PREFIX: prefix } = config;
  if (url === '') {
    return {
      queue: createInProcessQueue({ concurrency, log }),
      notifier: createInProcessNotifier(log),
    };
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
    return { queue, notifier };
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
