import { NotifierUnavailableError } from '../../domain/common/index.ts';
import type { Notifier, ProcessState } from '../../domain/process/index.ts';
import { createListeners, type NotifierLog } from '../in-process/listeners.ts';
import { openRedis, untilReady } from './connection.ts';
import { subscribe } from './subscription.ts';

interface RedisNotifierOptions {
  url: string;
  log: NotifierLog;
  /** Called when a lost subscription is there again: states may have been missed. */
  onGap: () => void;
  channel?: string;
  /** True when Redis is known to be away: then the notifier does not wait for the subscription. */
  isAway?: boolean;
  /** Milliseconds between two pings; a subscription lost without a close is noticed after twice that at most. */
  pingMs?: number;
}

/** The longest time that Redis has to answer when the service starts. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Notifies every service instance through Redis pub/sub, and the own listeners without a round trip. Resolves when the
 * subscription is confirmed, or when Redis turns out to be away.
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
  const logError = (error: Error): void =>
    log.warn({ error: error.message, where: 'notifier' }, 'Redis connection error');
  const publisher = openRedis(url, 'caller', logError);
  const subscription = subscribe({ url, channel, onMessage, onGap, onError: logError, pingMs });
  if (!isAway) {
    // A failure is no error of the start: both connections reconnect by themselves.
    await untilReady(publisher, CONNECT_TIMEOUT_MS).catch(logError);
    await subscription.tried;
  }

  function onMessage(text: string): void {
    const state = readState(text);
    if (state) listeners.notify(state);
    else log.warn({ channel }, 'ignored a malformed message on the state channel');
  }

  return {
    async publish(state) {
      listeners.notify(state);
      // Rejects when Redis is away, so that the projection is tried again: the other instances would otherwise never
      // receive this state.
      await publisher.publish(channel, JSON.stringify(state)).catch((cause: Error) => {
        const message = `cannot publish a state through Redis: ${cause.message}`;
        throw new NotifierUnavailableError(message, { cause });
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

/** Null for anything but a state: a message of another program must not stop the service. */
function readState(text: string): ProcessState | null {
  try {
    const state: unknown = JSON.parse(text);
    const isState = typeof state === 'object' && state !== null && 'correlationId' in state;
    return isState ? (state as ProcessState) : null;
  } catch {
    return null;
  }
}
