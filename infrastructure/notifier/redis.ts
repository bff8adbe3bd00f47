import type { Notifier } from '../../domain/ports.ts';
import type { ProcessState } from '../../domain/process.ts';
import { openRedis, untilReady } from '../redis.ts';

export interface RedisNotifierOptions {
  url: string;
  log: { warn(fields: object, message: string): void };
  /** Called when the subscription stands again after a loss: states may have been missed. */
  onGap: () => void;
  channel?: string;
}

/** Milliseconds that Redis has to answer at the start. */
const CONNECT_MS = 5_000;

/** Tells every instance through Redis pub/sub, this one included, without a round trip for its own. */
export async function createRedisNotifier(options: RedisNotifierOptions): Promise<Notifier> {
  const { url, log, onGap, channel = 'fastify-camunda:states' } = options;
  const listeners = new Set<(state: ProcessState) => void>();
  const say = (error: Error): void =>
    log.warn({ error: error.message, where: 'notifier' }, 'redis: connection trouble');
  const publisher = openRedis(url, 'caller', say);
  const subscriber = openRedis(url, 'worker', say);
  try {
    await Promise.all([untilReady(publisher, CONNECT_MS), untilReady(subscriber, CONNECT_MS)]);
    await subscriber.subscribe(channel);
  } catch (error) {
    publisher.disconnect();
    subscriber.disconnect();
    throw error;
  }
  const tell = (state: ProcessState): void => {
    for (const listener of listeners) listener(state);
  };
  subscriber.on('message', (_channel, text) => tell(JSON.parse(text) as ProcessState));
  // ioredis subscribes again by itself, but does not say when Redis has confirmed it; only after that
  // does a look into process_store miss nothing.
  subscriber.on('ready', () => {
    subscriber.subscribe(channel).then(onGap, say);
  });

  return {
    async publish(state) {
      tell(state);
      try {
        await publisher.publish(channel, JSON.stringify(state));
      } catch (error) {
        // process_store has the state; instances that missed it look there when Redis is back.
        log.warn(
          { error: String(error), correlationId: state.correlationId },
          'state not published',
        );
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      listeners.clear();
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
