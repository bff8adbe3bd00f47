import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { requested, started } from '../../support/events.ts';
import {
  bullmqQueues,
  createWorld,
  gate,
  inProcessQueues,
  LEASE_MS,
  ONCE,
  type TestQueues,
  type World,
} from '../../support/queues.ts';
import { startRedis } from '../../support/redis.ts';
import { serverUrl } from '../../support/servers.ts';

describe('the relay when jobs fail or hang in process', () => {
  let world: World;
  let database: TestDatabase;
  let queues: TestQueues;
  beforeEach(async () => {
    world = createWorld();
    database = await world.open();
    queues = inProcessQueues();
  });
  afterEach(async () => {
    await Promise.all(world.relays.map((relay) => relay.stop(0)));
    await queues.destroy();
    await database.destroy();
  });

  it('G10: keeps the row with the reason, and publishes it at growing intervals until it is done', async () => {
    world.work.does = async () => {
      throw new Error('the engine is on fire');
    };
    const queue = await queues.open({ policies: ONCE, maxDeadLetters: 0 });
    await queue.work(world.handlers);
    const relay = world.relay({ outbox: database.outbox, queue });
    world.nudges(relay);
    await database.eventStore.append('fails', [started()]);
    relay.start();
    for (const [nth, pause] of [1_000, 2_000, 4_000].entries()) {
      await until(() => world.runs.length === nth + 1 && relay.inFlight() === 0, 'it fails');
      const row = await database.knex('outbox').first();
      expect(row.last_error).toBe('the engine is on fire');
      expect(Date.parse(row.available_at) - world.clock.now).toBe(pause);
      if (nth === 2) world.work.does = async () => {};
      world.clock.now += pause;
    }
    await until(async () => (await database.outbox.depth()).rows === 0, 'it is done');
    expect(world.runs.map((run) => run.redelivered)).toEqual([false, true, true, true]);
  });

  it('releases rows that fail together for the same reason in one statement', async () => {
    const away = gate();
    const down = away.opened.then(() => Promise.reject(new Error('Redis is away')));
    const inner = await queues.open();
    const queue = { ...inner, addBulk: (jobs: readonly unknown[]) => jobs.map(() => down) };
    const released: number[] = [];
    const release: typeof database.outbox.release = async (ids, ...why) => {
      released.push(ids.length);
      await database.outbox.release(ids, ...why);
    };
    const relay = world.relay({ outbox: { ...database.outbox, release }, queue });
    world.nudges(relay);
    const ids = Array.from({ length: 50 }, (_, at) => `fails-${at}`);
    await Promise.all(ids.map((id) => database.eventStore.append(id, [started()])));
    await until(() => relay.inFlight() === 50, 'all are in flight');
    away.open();
    await until(() => relay.inFlight() === 0, 'all have failed');
    expect(released).toEqual([50]);
    const rows = await database.knex('outbox').select('last_error');
    expect(rows.map((row) => row.last_error)).toEqual(ids.map(() => 'Redis is away'));
  });

  it('does not run a job twice that outlasts the lease of its row', async () => {
    const slow = gate();
    world.work.does = () => slow.opened;
    const queue = await queues.open();
    await queue.work(world.handlers);
    const relay = world.relay({ outbox: database.outbox, queue });
    world.nudges(relay);
    await database.eventStore.append('slow', [started()]);
    await until(() => world.runs.length === 1, 'it runs');
    world.clock.now += LEASE_MS;
    relay.start();
    const taken = async (): Promise<boolean> =>
      (await database.knex('outbox').first()).attempts === 2;
    await until(taken, 'the row is taken again');
    await database.outbox.claim(1, LEASE_MS);
    expect(relay.inFlight()).toBe(1);
    slow.open();
    await until(async () => (await database.outbox.depth()).rows === 0, 'it is done');
    expect(world.runs).toHaveLength(1);
  });

  it('keeps the row of a dead letter, publishes it no more, and does not wait for it at the stop', async () => {
    world.work.does = async () => {
      throw new TypeError('a defect');
    };
    const queue = await queues.open({ policies: ONCE });
    await queue.work(world.handlers);
    const isDeadLetter = (eventId: string) => queue.holds?.(eventId) ?? false;
    const relay = world.relay({ outbox: database.outbox, queue, isDeadLetter });
    world.nudges(relay);
    await database.eventStore.append('dead', [started()]);
    relay.start();
    await until(async () => (await queue.deadLetters.list({}, 9)).length === 1, 'it is given up');
    world.clock.now += LEASE_MS;
    const taken = async (): Promise<boolean> =>
      (await database.knex('outbox').first()).attempts === 2;
    await until(taken, 'its lease lapses, and the row is taken again');
    expect(world.runs).toHaveLength(1);

    const begin = Date.now();
    await relay.stop(90_000);
    expect(Date.now() - begin).toBeLessThan(30_000);
    expect((await database.outbox.depth()).rows).toBe(1);
    world.work.does = async () => {};
    expect(await queue.deadLetters.retryAll()).toBe(1);
    await until(async () => (await database.outbox.depth()).rows === 0, 'its row goes');
  });

  it('G12: releases hanging jobs at the stop, and their rows stay', async () => {
    const hangs = gate();
    world.work.does = () => hangs.opened;
    const queue = await queues.open();
    await queue.work(world.handlers);
    const relay = world.relay({ outbox: database.outbox, queue });
    world.nudges(relay);
    await database.eventStore.append('hangs', [started()]);
    await until(() => world.runs.length === 1, 'it runs');
    await relay.stop(50);
    expect((await database.outbox.depth()).rows).toBe(1);
    hangs.open();
  });
});

describe.skipIf((await serverUrl('redis')) === null)('the relay when Redis goes away', () => {
  it('G10: publishes events appended meanwhile when it is back', async () => {
    const world = createWorld();
    let redis = await startRedis();
    const queue = await bullmqQueues(redis.url).open();
    const database = await world.open();
    const relay = world.relay({ outbox: database.outbox, queue });
    world.nudges(relay);
    try {
      await queue.work(world.handlers);
      process.kill(redis.pid, 'SIGKILL');
      await database.eventStore.append('meanwhile', [requested()]);
      await until(async () => (await database.knex('outbox').first())?.last_error, 'it fails');
      redis = await startRedis(redis.port);
      await until(() => queue.ready(), 'Redis is back');
      relay.start();
      world.clock.now += 30_000;
      await until(() => world.runs.length >= 2, 'its jobs run');
      await until(async () => (await database.outbox.depth()).rows === 0, 'its row goes');
    } finally {
      await relay.stop(1_000);
      await queue.close(0);
      await database.destroy();
      await redis.stop();
    }
  });
});
