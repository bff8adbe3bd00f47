import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallbackReceiver, startReceiver } from '../support/callback-receiver.ts';
import { createCallbackWorld } from '../support/callback-world.ts';
import { until } from '../support/children.ts';
import { type Killable, startKillable } from '../support/commands.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { completed, randomFrom, requested, started, stepFailed } from '../support/events.ts';

/** On SQL Server each process must log in, and a kill there is a lost connection like any other. */
const SIZES = { SQLite: { kills: 50 }, 'SQL Server': { kills: 9 } } as const;
const kinds = databaseKinds().map((kind) => ({ ...kind, ...SIZES[kind.name] }));
const MINUTE = 60_000;
/** Requests before a kill, at most. */
const MAX_REQUESTS = 8;
/** By how much the clock is ahead in each life more than in the one before. */
const STEP = 10 * MINUTE;
/** In these lives, over an hour of their clocks, the receiver answers 503. */
const isAway = (life: number, kills: number): boolean => life >= kills / 5 && life < kills / 5 + 7;
const EVENTS = ['step-failed', 'process-completed'] as const;

describe.each(kinds)('callbacks on $name', { timeout: 600_000 }, (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let database: TestDatabase;
    let receiver: CallbackReceiver;
    beforeAll(async () => {
      [database, receiver] = [await kind.open(), await startReceiver()];
    });
    afterAll(async () => {
      await receiver?.close();
      await database?.destroy();
    });

    it(`G16: each is delivered, in order for each process, over ${kind.kills} kills with -9 and a receiver that is away for an hour`, async () => {
      const seed = Date.now();
      const random = randomFrom(seed);
      const world = createCallbackWorld(database, receiver, { now: Date.now() });
      const url = `${receiver.url}/all`;
      const { subscription } = await world.subscriptions.create({ url, events: EVENTS }, 'ada');
      world.close();
      /** What the receiver has accepted, by target and process. */
      const accepted = new Map<string, { version: number; id: string }[]>();
      let requests = 0;
      let killAt = Number.POSITIVE_INFINITY;
      let onKill: () => void = () => {};
      let life = 0;
      let failedTries = 0;
      receiver.answer = (request, response) => {
        requests++;
        const isKill = requests >= killAt;
        // Half of the kills come after the receiver has it and before the answer arrives.
        if (isKill) onKill();
        if (isAway(life, kind.kills)) {
          response.writeHead(503).end();
          return;
        }
        const { correlationId, version } = request.data;
        const key = `${request.id.endsWith('-callback') ? 'callback' : 'subscription'} ${correlationId}`;
        accepted.set(key, [
          ...(accepted.get(key) ?? []),
          { version: Number(version), id: request.id },
        ]);
        if (isKill && life % 2 === 0) response.destroy();
        else response.writeHead(204).end();
      };
      async function countFailedTries(): Promise<number> {
        const [row] = await database.knex('delivery').sum({ n: 'attempts' });
        failedTries = Number(row?.n ?? 0);
        return failedTries;
      }
      const ids: string[] = [];
      async function begin(id: string): Promise<void> {
        ids.push(id);
        const start = requested();
        Object.assign(start.data, { callback: { url: receiver.url, events: [...EVENTS] } });
        const failures = [stepFailed(`${id}-a`, 1), stepFailed(`${id}-b`, 1)];
        await database.eventStore.append(id, [start, started(), ...failures, completed()]);
      }
      const start = (at: number): Promise<Killable> =>
        startKillable('callback-deliverer.ts', database.target, receiver.host, String(at * STEP));

      for (; life < kind.kills; life++) {
        const deliverer = await start(life);
        await Promise.all([begin(`p-${life}-a`), begin(`p-${life}-b`)]);
        const away = isAway(life, kind.kills);
        killAt = away
          ? Number.POSITIVE_INFINITY
          : requests + 1 + Math.floor(random() * MAX_REQUESTS);
        const killed = new Promise<void>((resolve) => {
          onKill = () => {
            onKill = () => {};
            resolve(deliverer.kill());
          };
        });
        deliverer.begin();
        if (away) {
          const begun = failedTries;
          await until(async () => (await countFailedTries()) > begun, 'a failure is recorded');
          onKill();
        }
        await killed;
      }
      killAt = Number.POSITIVE_INFINITY;
      // Long after all delays.
      const last = await start(life + 200);
      last.begin();
      const head = await database.eventFeed.head();
      await until(
        async () => {
          const { position } = await database.deliveryStore.state();
          const { pending } = await database.deliveryStore.counts();
          return position === head && pending === 0;
        },
        `all is delivered (seed ${seed})`,
        120_000,
      );
      await last.kill();
      expect(await database.deliveryStore.counts()).toMatchObject({ pending: 0, parked: 0 });
      for (const id of ids) {
        for (const target of ['callback', 'subscription']) {
          const got = (accepted.get(`${target} ${id}`) ?? []).map(({ version }) => version);
          const inOrder = [...got].sort((a, b) => a - b);
          expect(got, `${target} ${id} (seed ${seed})`).toEqual(inOrder);
          expect([...new Set(got)], `${target} ${id} (seed ${seed})`).toEqual([3, 4, 5]);
        }
      }
      const all = [...accepted.values()].flat();
      // Some were delivered twice, with the same id.
      expect(new Set(all.map(({ id }) => id)).size).toBe(6 * ids.length);
      await world.subscriptions.remove(subscription.id, 'ada');
    });
  });
});
