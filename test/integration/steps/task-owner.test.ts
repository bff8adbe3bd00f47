import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../domain/engine/engine.ts';
import { createStartsInHand } from '../../../domain/engine/starts-in-hand.ts';
import type { EventStore } from '../../../domain/process/event-store.ts';
import { createFindOwner } from '../../../domain/steps/task-owner.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { broken, completed, requested, retried, started } from '../../support/events.ts';

describe.each(databaseKinds())('the owner of a task on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    it('G17: is kept when the instance ends while the engine is asked whether it runs', async () => {
      const { eventStore } = database;
      const events = [requested(), started('first'), broken(), retried()];
      await eventStore.append('raced', events);
      const root = {
        processInstanceId: 'second',
        processKey: 'onboard-user',
        businessKey: 'raced',
      };
      // What an engine says of which the first instance ends between the reading of the stream and the question.
      const engine: Partial<Engine> = {
        findRoot: async () => root,
        isRunning: async () => {
          const stream = await eventStore.readStream('raced');
          if (stream.length === events.length) await eventStore.append('raced', [completed()]);
          return false;
        },
      };
      const findOwner = createFindOwner({ eventStore, engine: engine as Engine });
      const task = { instanceId: 'second', processKey: 'onboard-user', businessKey: 'raced' };
      expect(await findOwner(task)).toEqual({
        kind: 'duplicate',
        instanceId: 'second',
        recorded: 'first',
      });
      const types = (await eventStore.readStream('raced')).map(({ type }) => type);
      expect(types.filter((type) => type === 'process-started')).toHaveLength(1);
      expect(types.at(-1)).toBe('process-completed');
    });

    it('is found without the engine, and recorded once, when its start is in hand in this process', async () => {
      const { eventStore } = database;
      await eventStore.append('in-hand', [requested()]);
      const startsInHand = createStartsInHand();
      const appends: string[] = [];
      const counted: EventStore = {
        ...eventStore,
        append: (id, events, options) => {
          appends.push(...events.map(({ type }) => type));
          return eventStore.append(id, events, options);
        },
      };
      const findOwner = createFindOwner({
        eventStore: counted,
        engine: { findRoot: () => Promise.reject(new Error('the engine was asked')) } as never,
        startsInHand,
      });
      let record: () => void = () => {};
      const mayRecord = new Promise<void>((resolve) => {
        record = resolve;
      });
      const start = startsInHand.run('in-hand', async () => {
        await mayRecord;
        await counted.append('in-hand', [started('its-instance')]);
      });
      const task = {
        instanceId: 'its-instance',
        processKey: 'onboard-user',
        businessKey: 'in-hand',
      };
      const owner = findOwner(task);
      record();
      await start;
      expect(await owner).toMatchObject({ kind: 'own', stream: { instanceId: 'its-instance' } });
      expect(appends).toEqual(['process-started']);
    });
  });
});
