import { describe, expect, it } from 'vitest';
import { ERASED } from '../../../domain/personal-data/personal.ts';
import { startReceiver } from '../../support/callback-receiver.ts';
import { createCallbackWorld } from '../../support/callback-world.ts';
import { databaseKinds } from '../../support/databases.ts';
import { instanceOn, PERSON, PERSONAL_EVENTS } from '../../support/personal.ts';

describe.each(databaseKinds())('callbacks on $name', ({ available, open }) => {
  it.skipIf(!available)(
    'G16: have personal data as the API shows it, and nothing of it once it is erased',
    async () => {
      const [database, receiver] = [await open(), await startReceiver()];
      const { eventStore } = instanceOn(database);
      // Another instance: this one may believe for seconds that a key is there.
      const later = instanceOn(database);
      const time = { now: Date.now() };
      const world = createCallbackWorld(database, receiver, time, eventStore);
      const after = createCallbackWorld(database, receiver, time, later.eventStore);
      try {
        const { requested, failed } = PERSONAL_EVENTS;
        const data = { ...requested.data, callback: { url: receiver.url } };
        await eventStore.append('kept', [{ ...requested, data }, failed]);
        await world.collect();
        expect(await world.sendAll()).toEqual(['delivered']);
        await eventStore.append('gone', [{ ...requested, data }, failed]);
        await world.collect();
        await database.processKeys.erase('gone');
        expect(await after.sendAll()).toEqual(['delivered']);
        const [kept, gone] = receiver.received;
        expect(kept?.data).toMatchObject({
          correlationId: 'kept',
          identifiers: { email: PERSON.email },
        });
        expect(gone?.data).toMatchObject({
          correlationId: 'gone',
          erased: true,
          status: 'error',
          error: { code: 'ACCOUNT_EXISTS', message: ERASED },
          identifiers: { userId: '42', email: ERASED },
        });
        for (const text of Object.values(PERSON)) expect(gone?.body).not.toContain(text);
        const rows = await database.knex('delivery').select('*');
        expect(rows).toEqual([]);
      } finally {
        world.close();
        after.close();
        await receiver.close();
        await database.destroy();
      }
    },
  );
});
