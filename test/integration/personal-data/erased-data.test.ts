import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retryInstance } from '../../../domain/engine/retry-instance.ts';
import { ERASED } from '../../../domain/personal-data/personal.ts';
import type { StoredEvent } from '../../../domain/process/events.ts';
import { fold } from '../../../domain/process/process-state.ts';
import { createRestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { archivedState, relayAll, soon } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import {
  contents,
  expectChain,
  foundIn,
  instanceOn,
  MASTER,
  PERSON,
  PERSONAL_EVENTS,
  rowsOf,
  storedOf,
} from '../../support/personal.ts';

const {
  requested: start,
  completed: end,
  completedStep,
  cancelled,
  failed,
  retried,
} = PERSONAL_EVENTS;

describe.each(databaseKinds())('personal data on $name', ({ available, open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    if (available) database = await open();
  });
  afterAll(async () => {
    await database?.destroy();
  });

  it.skipIf(!available)(
    'is unreadable without its key, and the hashes hold before and after',
    async () => {
      // Its clock stands still: it caches the key, however long the rest takes.
      const { eventStore, processStore } = instanceOn(database, MASTER, { now: () => 1_000 });
      await eventStore.append('gone', [start, failed]);
      await database.processStore.project('gone');
      const before = await rowsOf(database, 'gone');

      const erasure = await database.processKeys.erase('gone');
      expect(erasure.kind).toBe('erased');
      expect(await database.processKeys.erase('gone')).toEqual({
        ...erasure,
        kind: 'erased-before',
      });
      expect(await database.processKeys.erase('never')).toEqual({ kind: 'no-key' });

      const after = await rowsOf(database, 'gone');
      expect(after).toEqual(before);
      expectChain(after);
      // Another instance: this one may believe for seconds that the key is there.
      const other = instanceOn(database);
      const [first, last] = await other.eventStore.readStream('gone');
      expect(first).toMatchObject({
        erased: true,
        data: {
          variables: { userId: '42', email: ERASED, name: ERASED, children: [{ name: ERASED }] },
          requestHash: ERASED,
        },
        identity: { identifiers: { userId: '42', email: ERASED } },
      });
      expect(last).toMatchObject({ data: { code: 'ACCOUNT_EXISTS', message: ERASED } });
      const state = { status: 'error', error: { message: ERASED }, erased: true };
      expect(await other.processStore.get('gone')).toMatchObject(state);
      expect(await processStore.get('gone'), 'read before the key was gone').toMatchObject({
        error: { message: PERSON.refusal },
      });
    },
  );

  it.skipIf(!available)('is read and erased in the archive as well', async () => {
    const { eventStore, personal } = instanceOn(database);
    await eventStore.append('kept', [start, end]);
    await database.processStore.project('kept');
    await relayAll(database);
    await database.archive.moveBatch({ endedBefore: soon(), limit: 500 });
    expect(foundIn(await storedOf(database, 'kept'))).toEqual([]);
    expect(contents(await eventStore.readStream('kept'))).toEqual(
      contents([start, end] as unknown as StoredEvent[]),
    );
    const find = (id: string) => archivedState(database, id);
    expect(foundIn(await personal.decryptFound(find)('kept'))).toEqual([
      PERSON.email,
      PERSON.fullName,
    ]);

    await database.processKeys.erase('kept');
    const other = instanceOn(database);
    expect(foundIn(await other.eventStore.readStream('kept'))).toEqual([]);
    expect(await other.personal.decryptFound(find)('kept')).toMatchObject({
      data: { message: ERASED, email: ERASED, score: 71 },
      erased: true,
    });
    expectChain(await rowsOf(database, 'kept'));
  });

  it.skipIf(!available)('that comes late for an erased process is written erased', async () => {
    await instanceOn(database).eventStore.append('late', [start, cancelled]);
    await database.processKeys.erase('late');
    for (const masterKey of [MASTER, '']) {
      await instanceOn(database, masterKey).eventStore.append('late', [
        { ...completedStep, dedupeKey: undefined },
      ]);
    }
    expect(foundIn(await storedOf(database, 'late'))).toEqual([]);
    const [, , ...late] = await database.eventStore.readStream('late');
    for (const { data } of late) {
      expect(data).toMatchObject({ input: { errorMessage: ERASED }, output: { message: ERASED } });
    }
    const [key] = await database.processKeys.find(['late']);
    expect(key?.wrappedKey, 'no second key').toBeNull();
  });

  it.skipIf(!available)('that is erased while a retry begins starts no instance', async () => {
    // The retry was decided before, and its job comes after the erasure.
    await instanceOn(database).eventStore.append('retried', [start, failed, retried]);
    await database.processKeys.erase('retried');
    const { eventStore } = instanceOn(database);
    // Nobody listens there: a start would be reported as an outage.
    const engine = createRestEngine({ baseUrl: 'http://127.0.0.1:9/engine-rest' });
    const ports = {
      eventStore,
      engine: { ...engine, findInstances: async () => [] },
      attemptsOf: () => 1,
    };
    await retryInstance({ correlationId: 'retried' }, ports);
    await engine.close();
    const state = fold(await eventStore.readStream('retried'));
    expect(state).toMatchObject({ status: 'error', error: { code: 'ERASED', message: ERASED } });
  });

  it.skipIf(!available)(
    'is gone from the memory of an instance 5 seconds after its key',
    async () => {
      let now = 1_000;
      const { eventStore } = instanceOn(database, MASTER, { now: () => now });
      await eventStore.append('seconds', [start]);
      await database.processKeys.erase('seconds');
      // Used again and again: only the time since the key was read counts.
      for (; now < 6_000; now += 1_000) {
        expect(foundIn(await eventStore.readStream('seconds'))).not.toEqual([]);
      }
      now = 6_001;
      expect(foundIn(await eventStore.readStream('seconds'))).toEqual([]);
    },
  );
});
