import { SetupError } from '../domain/errors.ts';
import type { Notifier, Queue } from '../domain/ports.ts';
import { createInProcessNotifier } from '../infrastructure/notifier/in-process.ts';
import { createRedisNotifier } from '../infrastructure/notifier/redis.ts';
import { createBullmqQueue } from '../infrastructure/queue/bullmq.ts';
import { createInProcessQueue } from '../infrastructure/queue/in-process.ts';
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
  let notifier: Notifier | undefined;
  try {
    notifier = await createRedisNotifier({ url, log, onGap, channel: `${prefix}:states` });
    const queue = await createBullmqQueue({ url, concurrency, log, prefix });
    return { queue, notifier };
  } catch (cause) {
    await notifier?.close();
    const shown = redactConfig(config).REDIS_URL;
    throw new SetupError(`REDIS_URL: no Redis answers at ${shown}`, { cause });
  }
}
