import type { Notifier } from '../../domain/ports.ts';
import type { ProcessState } from '../../domain/process.ts';
import { openRedis, untilReady } from '../redis.ts';
import { createListeners, type NotifierLog } from './listeners.ts';

export interface RedisNotifierOptions {
  url: string;
  log: NotifierLog;
  /** Called when the subscription stands again after a loss: states may have been missed. */
  onGap: () => void;
  channel?: string;
}

/** Milliseconds that Redis has to answer at the start. */
const CONNECT_MS = 5_000;

/** Tells every instance through Redis pub/sub, this one included, without a round trip for its own. */
export async function createRedisNotifier(options: RedisNotifierOptions): Promise<Notifier> {
  const { url, log, onGap, channel = 'fastify-camunda:states' } = options;
  const listeners = createListeners(log);
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
  subscriber.on('message', (_channel, text) => {
    const state = readState(text);
    if (state) listeners.tell(state);
    else log.warn({ channel }, 'a message on the channel of the states is none');
  });
  // ioredis subscribes again by itself, but does not say when Redis has confirmed it; only after that
  // does a look into process_store miss nothing.
  subscriber.on('ready', () => {
    subscriber.subscribe(channel).then(onGap).catch(say);
  });

  return {
    async publish(state) {
      listeners.tell(state);
      // Rejects when Redis is away: the other instances, whose subscription may stand, would never
      // hear of it, so the projection is to be tried again.
      await publisher.publish(channel, JSON.stringify(state));
    },
    subscribe: listeners.add,
    async close() {
      listeners.clear();
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

/** The instances write nothing else there; what another program writes must end none of them. */
function readState(text: string): ProcessState | null {
  try {
    const state: unknown = JSON.parse(text);
    const known = typeof state === 'object' && state !== null && 'correlationId' in state;
    return known ? (state as ProcessState) : null;
  } catch {
    return null;
  }
}
