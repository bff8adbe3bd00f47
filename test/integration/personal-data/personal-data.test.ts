import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessEvent, StoredEvent } from '../../../domain/process/events.ts';
import { fold } from '../../../domain/process/process-state.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested } from '../../support/events.ts';
import {
  contents,
  expectChain,
  foundIn,
  instanceOn,
  PERSON,
  PERSONAL_EVENTS,
  rowsOf,
  storedOf,
} from '../../support/personal.ts';

const ALL: readonly ProcessEvent[] = Object.values(PERSONAL_EVENTS);
const { requested: start, started, completed: end, completedStep } = PERSONAL_EVENTS;

describe.each(databaseKinds())('personal data on $name', ({ available, open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    if (available) database = await open();
  });
  afterAll(async () => {
    await database?.destroy();
  });

  it.skipIf(!available)('is plain in every answer, and in no table', async () => {
    const { eventStore, processStore } = instanceOn(database);
    const { events: written } = await eventStore.append('whole', ALL);
    const state = await processStore.project('whole');

    expect(foundIn(await storedOf(database, 'whole'))).toEqual([]);
    expect(foundIn(state), 'what goes to memory and to other instances').toEqual([]);
    expect(contents(written)).toEqual(contents(ALL as StoredEvent[]));
    const read = await eventStore.readStream('whole');
    expect(contents(read)).toEqual(contents(ALL as StoredEvent[]));
    const size = { limit: 100, maxBytes: 1_000_000 };
    const traced = await eventStore.findByTrace('trace-1', size);
    expect(contents(traced.items)).toEqual(contents(read));
    const paged = await eventStore.pageStream('whole', { afterVersion: 0, ...size });
    expect(contents(paged.items)).toEqual(contents(read));
    const folded = fold(read);
    expect(await processStore.get('whole')).toEqual(folded);
    expect((await processStore.list({}, size)).items).toContainEqual(folded);
    expectChain(await rowsOf(database, 'whole'));
  });

  it.skipIf(!available)('leaves other data where queries find it', async () => {
    const { eventStore } = instanceOn(database);
    await eventStore.append('beside', [start, PERSONAL_EVENTS.refused, completedStep]);
    const [first, refused, handled] = await rowsOf(database, 'beside');
    const variables = JSON.parse(first?.request_data ?? '');
    expect(variables).toMatchObject({ userId: '42', children: [{ age: 7 }] });
    expect(JSON.parse(first?.identifiers ?? '')).toMatchObject({ userId: '42' });
    expect(refused?.error_message, 'the code in place of the text').toBe('ACCOUNT_EXISTS');
    expect(JSON.parse(handled?.response_data ?? '')).toMatchObject({ code: 'ACCOUNT_EXISTS' });
    expect(first?.metadata, 'guessable data has no hash to try').not.toContain('hash-of-guess');
  });

  it.skipIf(!available)('is not what a caller only made to look like it', async () => {
    const { eventStore } = instanceOn(database);
    await eventStore.append('victim', [start]);
    const [{ request_data } = {}] = await rowsOf(database, 'victim');
    const { email: stolen } = JSON.parse(request_data ?? '');
    const forged = {
      ...start,
      data: {
        ...start.data,
        variables: { userId: stolen, note: '$personal.v1.x', email: stolen },
      },
    };
    await eventStore.append('forger', [forged]);
    const [read] = await eventStore.readStream('forger');
    expect(read?.data).toEqual(forged.data);
    // Nor where its own key would open it.
    const copied = { ...end, data: { result: { score: stolen } } };
    await eventStore.append('victim', [copied]);
    expect((await eventStore.readStream('victim')).at(-1)?.data).toEqual(copied.data);
    // Neither in a process that has no key.
    const plain = { ...completed({ text: stolen, note: '$personal.' }), processName: 'plain' };
    await eventStore.append('plain', [plain]);
    expect((await eventStore.readStream('plain'))[0]?.data).toEqual(plain.data);
  });

  it.skipIf(!available)('costs nothing for processes without any', async () => {
    const untouched = new Proxy(database.processKeys, {
      get: (_keys, name) => {
        throw new Error(`the keys were asked to ${String(name)}`);
      },
    });
    const { eventStore } = instanceOn({ ...database, processKeys: untouched });
    const event = { ...requested(), processName: 'plain' };
    await eventStore.append('untouched', [event]);
    expect((await eventStore.readStream('untouched'))[0]?.data).toEqual(event.data);
  });

  it.skipIf(!available)('is stored as it is where no key was ever set', async () => {
    const fresh = await open();
    try {
      const { eventStore } = instanceOn(fresh, '');
      await eventStore.append('clear', [start, started]);
      const [row] = await fresh.knex('event_log').where({ version: 1 });
      expect(foundIn(row)).toEqual([PERSON.email, PERSON.fullName]);
      // The later events of such a process are encrypted once there is a key.
      const keyed = instanceOn(fresh);
      await keyed.eventStore.append('clear', [end]);
      const [last] = await fresh.knex('event_log').where({ version: 3 });
      expect(foundIn(last)).toEqual([]);
      const read = await keyed.eventStore.readStream('clear');
      expect(contents(read)).toEqual(contents([start, started, end] as unknown as StoredEvent[]));
    } finally {
      await fresh.destroy();
    }
  });
});
