import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notifier } from '../../../domain/process/notifier.ts';
import type { ProcessState } from '../../../domain/process/process-state.ts';
import { createInProcessNotifier } from '../../../infrastructure/in-process/notifier.ts';
import { openRedis, untilReady } from '../../../infrastructure/redis/connection.ts';
import { createRedisNotifier } from '../../../infrastructure/redis/notifier.ts';
import { until } from '../../support/children.ts';
import { stateOf } from '../../support/events.ts';
import { type RunningRedis, startRedis } from '../../support/redis.ts';
import { serverUrl } from '../../support/servers.ts';

const redisUrl = await serverUrl('redis');

/** A notifier with what it says: gaps and warnings. */
async function onRedis(url: string, channel: string) {
  const received: ProcessState[] = [];
  const warnings: string[] = [];
  const gaps: number[] = [];
  const notifier = await createRedisNotifier({
    url,
    channel,
    log: { warn: (_fields, message) => warnings.push(message) },
    onGap: () => gaps.push(received.length),
  });
  notifier.subscribe((state) => received.push(state));
  return { notifier, received, warnings, gaps };
}

const kinds = [
  {
    name: 'in process',
    available: true,
    open: async (warnings: string[]): Promise<Notifier> =>
      createInProcessNotifier({ warn: (_fields, message) => warnings.push(message) }),
  },
  {
    name: 'on Redis',
    available: redisUrl !== null,
    open: (warnings: string[]): Promise<Notifier> =>
      createRedisNotifier({
        url: redisUrl ?? '',
        channel: randomUUID(),
        log: { warn: (_fields, message) => warnings.push(message) },
        onGap: () => {},
      }),
  },
];

describe.each(kinds)('the notifier $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let notifier: Notifier;
    let warnings: string[];
    beforeEach(async () => {
      warnings = [];
      notifier = await open(warnings);
    });
    afterEach(() => notifier?.close());

    it('gives every listener the whole state, before publish resolves', async () => {
      const received: [ProcessState[], ProcessState[]] = [[], []];
      for (const list of received) notifier.subscribe((state) => list.push(state));
      const state = stateOf('n', 3, 'ok');
      await notifier.publish(state);
      for (const list of received) expect(list[0]).toEqual(state);
    });

    it('notifies a listener that has left of nothing more', async () => {
      const received: ProcessState[] = [];
      const others: ProcessState[] = [];
      const leave = notifier.subscribe((state) => received.push(state));
      notifier.subscribe((state) => others.push(state));
      leave();
      await notifier.publish(stateOf('n', 1));
      expect(others).not.toEqual([]);
      expect(received).toEqual([]);
    });

    it('keeps a state from nobody because a listener throws', async () => {
      const received: ProcessState[] = [];
      notifier.subscribe(() => {
        throw new Error('broken listener');
      });
      notifier.subscribe((state) => received.push(state));
      await notifier.publish(stateOf('n', 1));
      expect(received).toContainEqual(stateOf('n', 1));
      expect(warnings).toContain('a listener failed on a new state');
    });
  });
});

describe.skipIf(redisUrl === null)('notifiers of several instances on Redis', () => {
  let redis: RunningRedis;
  let channel: string;
  const open: Awaited<ReturnType<typeof onRedis>>[] = [];
  const instance = async () => {
    const one = await onRedis(redis.url, channel);
    open.push(one);
    return one;
  };
  beforeEach(async () => {
    redis = await startRedis();
    channel = randomUUID();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map(({ notifier }) => notifier.close()));
    await redis.stop();
  });

  async function admin(...command: [string, ...string[]]): Promise<void> {
    const connection = openRedis(redis.url, 'caller', () => {});
    await untilReady(connection, 5_000);
    await connection.call(...command);
    connection.disconnect();
  }

  it('receive the last of the states that a process has in a moment, and its end without a delay', async () => {
    const [a, b] = [await instance(), await instance()];
    const running = [1, 2, 3].map((version) => a.notifier.publish(stateOf('quick', version)));
    const other = a.notifier.publish(stateOf('other', 1));
    const end = a.notifier.publish(stateOf('ended', 1, 'ok'));
    await Promise.all([...running, other, end]);
    await until(() => b.received.length >= 3, 'the states have arrived');
    expect(b.received).toEqual([
      stateOf('ended', 1, 'ok'),
      stateOf('quick', 3),
      stateOf('other', 1),
    ]);
    expect(a.received.slice(0, 3)).toEqual([1, 2, 3].map((version) => stateOf('quick', version)));
  });

  it('receive no state after the end that came with it', async () => {
    const [a, b] = [await instance(), await instance()];
    const running = a.notifier.publish(stateOf('quick', 1));
    await Promise.all([running, a.notifier.publish(stateOf('quick', 2, 'ok'))]);
    await a.notifier.publish(stateOf('later', 1));
    await until(() => b.received.length >= 2, 'the states have arrived');
    expect(b.received).toEqual([stateOf('quick', 2, 'ok'), stateOf('later', 1)]);
  });

  it('receive states from each other', async () => {
    const [a, b] = [await instance(), await instance()];
    await a.notifier.publish(stateOf('from-a', 1));
    await b.notifier.publish(stateOf('from-b', 2, 'ok'));
    for (const { received } of [a, b]) {
      await until(
        () => received.some((state) => state.correlationId === 'from-a'),
        'a state of a arrives',
      );
      await until(
        () => received.some((state) => state.correlationId === 'from-b'),
        'a state of b arrives',
      );
      expect(received).toContainEqual(stateOf('from-b', 2, 'ok'));
    }
    expect([...a.gaps, ...b.gaps]).toEqual([]);
  });

  it('G6: report a gap once a cut subscription is back, and receive what follows', async () => {
    const [a, b] = [await instance(), await instance()];
    await admin('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => a.gaps.length > 0 && b.gaps.length > 0, 'both report the gap');
    await a.notifier.publish(stateOf('after', 1));
    await until(() => b.received.length > 0, 'b receives from a');
  });

  it('G10: refuse to publish while Redis is down, and resume with a gap when it is back', async () => {
    const [a, b] = [await instance(), await instance()];
    process.kill(redis.pid, 'SIGKILL');
    await until(
      () =>
        a.notifier.publish(stateOf('during', 1)).then(
          () => false,
          () => true,
        ),
      'publishing is refused',
    );
    // Its own listeners need no Redis.
    expect(a.received.at(-1)).toEqual(stateOf('during', 1));
    redis = await startRedis(redis.port);
    await until(() => a.gaps.length > 0 && b.gaps.length > 0, 'both report the gap');
    await until(
      () =>
        a.notifier.publish(stateOf('after', 1)).then(
          () => true,
          () => false,
        ),
      'publishing works again',
    );
    await until(
      () => b.received.some((state) => state.correlationId === 'after'),
      'b receives from a',
    );
  });

  it('survive malformed messages', async () => {
    const a = await instance();
    for (const text of ['{"half', 'null', '"text"', '{}']) await admin('PUBLISH', channel, text);
    await until(() => a.warnings.length === 4, 'they are complained of');
    expect(a.received).toEqual([]);
    await a.notifier.publish(stateOf('fine', 1));
    expect(a.received.length).toBeGreaterThan(0);
  });
});
