import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PersonalDataLockedError } from '../../../domain/common/errors.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import {
  instanceOn,
  MASTER,
  OTHER_MASTER,
  PERSONAL_EVENTS,
  rowsOf,
} from '../../support/personal.ts';

const { requested: start, completed: end } = PERSONAL_EVENTS;

describe.each(databaseKinds())('the key of personal data on $name', ({ available, open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    if (available) database = await open();
  });
  afterAll(async () => {
    await database?.destroy();
  });

  it.skipIf(!available)(
    'is one for each process, however many calls start it at once',
    async () => {
      const instances = Array.from({ length: 6 }, () => instanceOn(database));
      const answers = await Promise.allSettled(
        instances.map(({ eventStore }) =>
          eventStore.append('race', [start], { expectedVersion: 0 }),
        ),
      );
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const streams = await Promise.all(
        instances.map(({ eventStore }) => eventStore.readStream('race')),
      );
      for (const events of streams) expect(events[0]).toMatchObject({ data: start.data });
    },
  );

  it.skipIf(!available)(
    'is not made again for a start whose idempotency key is known',
    async () => {
      const { eventStore } = instanceOn(database);
      const event = { ...start, dedupeKey: 'idempotency:personal' };
      await eventStore.append('first-of-two', [event], { expectedVersion: 0 });
      const again = await eventStore.append('second-of-two', [event], { expectedVersion: 0 });
      expect(again).toMatchObject({
        duplicate: true,
        events: [{ correlationId: 'first-of-two', data: start.data }],
      });
      expect(await database.processKeys.find(['second-of-two'])).toEqual([]);
    },
  );

  it.skipIf(!available)(
    'cannot be read by an instance that lacks the master key that wraps it',
    async () => {
      await instanceOn(database).eventStore.append('locked', [start]);
      for (const masterKey of ['', OTHER_MASTER]) {
        const { eventStore } = instanceOn(database, masterKey);
        await expect(eventStore.readStream('locked')).rejects.toThrow(PersonalDataLockedError);
        await expect(eventStore.append('locked', [end])).rejects.toThrow(PersonalDataLockedError);
      }
      expect(await rowsOf(database, 'locked'), 'nothing was written in the clear').toHaveLength(1);
      // A second key in front: the first one still unwraps.
      const both = instanceOn(database, `${OTHER_MASTER},${MASTER}`);
      expect((await both.eventStore.readStream('locked'))[0]?.data).toEqual(start.data);
    },
  );
});
