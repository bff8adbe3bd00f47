import { NotifierUnavailableError } from '../../domain/common/index.ts';
import { isEnded, type Notifier, type ProcessState } from '../../domain/process/index.ts';
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

/**
 * How long the state of a process that runs waits for a later one before other service instances get it, in milliseconds.
 * Of a process of four steps they get two or three states and not six: on Operaton each woke Redis and every instance, for
 * 2 to 3 ms of a lone process on two cores. Callers wait for the end, which is sent at once.
 */
const GATHER_MS = 20;
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

  /** Rejects when Redis is away, so that the projection is tried again: others would otherwise never receive this state. */
  async function send(state: ProcessState): Promise<void> {
    await publisher.publish(channel, JSON.stringify(state)).catch((cause: Error) => {
      const message = `cannot publish a state through Redis: ${cause.message}`;
      throw new NotifierUnavailableError(message, { cause });
    });
  }

  const gathered = createGathered(send);
  return {
    publish(state) {
      listeners.notify(state);
      return gathered.add(state);
    },
    subscribe: listeners.add,
    async close() {
      listeners.clear();
      gathered.sendAll();
      publisher.disconnect();
      subscription.close();
    },
  };
}

/** Sends the last of the states that a process has in a while, and its end at once. */
function createGathered(send: (state: ProcessState) => Promise<void>) {
  const waiting = new Map<
    string,
    { state: ProcessState; sent: (done: Promise<void>) => void; done: Promise<void> }
  >();
  let timer: NodeJS.Timeout | undefined;

  function sendAll(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const { state, sent } of waiting.values()) sent(send(state));
    waiting.clear();
  }

  return {
    /** Resolves when this state, or a later one of its process, is sent. */
    add(state: ProcessState): Promise<void> {
      const { correlationId } = state;
      const earlier = waiting.get(correlationId);
      if (isEnded(state)) {
        waiting.delete(correlationId);
        const done = send(state);
        earlier?.sent(done);
        return done;
      }
      if (earlier) {
        if (state.version > earlier.state.version) earlier.state = state;
        return earlier.done;
      }
      let sent: (done: Promise<void>) => void = () => {};
      const done = new Promise<void>((resolve) => {
        sent = resolve;
      });
      waiting.set(correlationId, { state, sent, done });
      timer ??= setTimeout(sendAll, GATHER_MS);
      return done;
    },
    sendAll,
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
