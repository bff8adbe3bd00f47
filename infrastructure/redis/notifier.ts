import { NotifierUnavailableError } from '../../domain/common/index.ts';
import type { Notifier, ProcessState } from '../../domain/process/index.ts';
import { createListeners, type NotifierLog } from '../in-process/listeners.ts';
import { openRedis, untilReady } from './connection.ts';
import { subscribe } from './subscription.ts';

export interface RedisNotifierOptions {
  url: string;
  log: NotifierLog;
  /** Called when the subscription stands again after a loss: states may have been missed. */
  onGap: () => void;
  channel?: string;
  /** Known to be away: it is not waited for, and the subscription made when it comes. */
  isAway?: boolean;
  /** Milliseconds after which a subscription that was lost without a word is noticed, twice that. */
  pingMs?: number;
}

/** Milliseconds that Redis has to answer at the start. */
const CONNECT_MS = 5_000;

/**
 * Tells every instance through Redis pub/sub, this one included, without a round trip for its own. Resolves when the
 * subscription stands, or when Redis turns out to be away.
 */
export async function createRedisNotifier(options: RedisNotifierOptions): Promise<Notifier> {
  const {
    url,
    log,
    onGap,
    channel = 'fastify-camunda:states',
    pingMs = 5_000,
    isAway = false,
  } = options;
  const listeners = createListeners(log);
  const say = (error: Error): void =>
    log.warn({ error: error.message, where: 'notifier' }, 'redis: connection trouble');
  const publisher = openRedis(url, 'caller', say);
  const subscription = subscribe({ url, channel, onMessage, onGap, onError: say, pingMs });
  if (!isAway) {
    // It may be lost at any moment, this one included, and is looked for again then.
    await untilReady(publisher, CONNECT_MS).catch(say);
    await subscription.tried;
  }

  function onMessage(text: string): void {
    const state = readState(text);
    if (state) listeners.tell(state);
    else log.warn({ channel }, 'a message on the channel of the states is none');
  }

  return {
    async publish(state) {
      listeners.tell(state);
      // Rejects when Redis is away: the other instances, whose subscription may stand, would never
      // hear of it, so the projection is to be tried again.
      await publisher.publish(channel, JSON.stringify(state)).catch((cause: Error) => {
        throw new NotifierUnavailableError(`Redis took no state: ${cause.message}`, { cause });
      });
    },
    subscribe: listeners.add,
    async close() {
      listeners.clear();
      publisher.disconnect();
      subscription.close();
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
