import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PersonalDataLockedError } from '../../domain/errors.ts';
import type { ProcessEvent, StoredEvent } from '../../domain/events.ts';
import { ERASED } from '../../domain/personal.ts';
import { fold } from '../../domain/process.ts';
import { createRestEngine } from '../../infrastructure/engine/rest-engine.ts';
import { expectedHash } from '../../infrastructure/sql/event-hash.ts';
import type { EventRow } from '../../infrastructure/sql/event-row.ts';
import { retryInstance } from '../../jobs/retry-instance.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { completed, requested } from '../support/events.ts';
import {
  foundIn,
  instanceOn,
  MASTER,
  OTHER_MASTER,
  PERSON,
  PERSONAL_EVENTS,
} from '../support/personal.ts';

const FAR_FUTURE = '9999-01-01T00:00:00.000Z';
const ALL: readonly ProcessEvent[] = Object.values(PERSONAL_EVENTS);
const {
  requested: start,
  started,
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

  async function rowsOf(id: string): Promise<EventRow[]> {
    for (const table of ['event_log', 'event_log_archive']) {
      const rows = await database.knex(table).where({ correlation_id: id }).orderBy('version');
      if (rows.length === 0) continue;
      return rows.map((row) => ({ ...row, created_at: new Date(row.created_at).toISOString() }));
    }
    return [];
  }

  /** All that the tables hold of a process. */
  async function storedOf(id: string): Promise<string> {
    const tables = ['event_log', 'event_log_archive', 'process_store', 'process_store_archive'];
    const rows = await Promise.all(
      tables.map((table) => database.knex(table).where({ correlation_id: id })),
    );
    const outbox = await database.knex('outbox').where({ correlation_id: id });
    return JSON.stringify([rows, outbox]);
  }

  function expectChain(rows: readonly EventRow[]): void {
    let previous: Buffer | null = null;
    for (const row of rows) {
      expect(row.hash?.toString('hex')).toBe(expectedHash(row, previous).toString('hex'));
      previous = row.hash;
    }
  }

  const contents = (events: readonly StoredEvent[]) =>
    events.map(({ type, data, identity: { identifiers } }) => ({ type, data, identifiers }));

  async function archiveAll(): Promise<void> {
    const rows = await database.outbox.claim(1_000, 0);
    await database.outbox.remove(rows.map(({ eventId }) => eventId));
    await database.archive.moveBatch({ endedBefore: FAR_FUTURE, limit: 500 });
  }

  it.skipIf(!available)('is in no table, and in every answer', async () => {
    const { eventStore, processStore } = instanceOn(database);
    const { events: written } = await eventStore.append('whole', ALL);
    const state = await processStore.project('whole');

    expect(foundIn(await storedOf('whole'))).toEqual([]);
    expect(foundIn(state), 'what goes to memory and to other instances').toEqual([]);
    expect(contents(written)).toEqual(contents(ALL as StoredEvent[]));
    const read = await eventStore.readStream('whole');
    expect(contents(read)).toEqual(contents(ALL as StoredEvent[]));
    expect(contents(await eventStore.findByTrace('trace-1', { limit: 100 }))).toEqual(
      contents(read),
    );
    const all: StoredEvent[] = [];
    for await (const event of eventStore.readAll()) all.push(event);
    expect(all.filter(({ correlationId }) => correlationId === 'whole')).toEqual(read);
    const folded = fold(read);
    expect(await processStore.get('whole')).toEqual(folded);
    expect(await processStore.list({}, 100)).toContainEqual(folded);
    expectChain(await rowsOf('whole'));
  });

  it.skipIf(!available)('leaves what is not personal where queries find it', async () => {
    const { eventStore } = instanceOn(database);
    await eventStore.append('beside', [start, PERSONAL_EVENTS.refused, completedStep]);
    const [first, refused, handled] = await rowsOf('beside');
    const variables = JSON.parse(first?.request_data ?? '');
    expect(variables).toMatchObject({ userId: '42', children: [{ age: 7 }] });
    expect(JSON.parse(first?.identifiers ?? '')).toMatchObject({ userId: '42' });
    expect(refused?.error_message, 'the code in place of the text').toBe('ACCOUNT_EXISTS');
    expect(JSON.parse(handled?.response_data ?? '')).toMatchObject({ code: 'ACCOUNT_EXISTS' });
    expect(first?.metadata, 'guessable data has no hash to try').not.toContain('hash-of-guess');
  });

  it.skipIf(!available)('goes with its key, and the hashes hold before and after', async () => {
    const { eventStore, processStore } = instanceOn(database);
    await eventStore.append('gone', [start, failed]);
    await database.processStore.project('gone');
    const before = await rowsOf('gone');

    const erasure = await database.processKeys.erase('gone');
    expect(erasure.kind).toBe('erased');
    expect(await database.processKeys.erase('gone')).toEqual({ ...erasure, kind: 'erased-before' });
    expect(await database.processKeys.erase('never')).toEqual({ kind: 'no-key' });

    const after = await rowsOf('gone');
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
  });

  it.skipIf(!available)('is read and erased in the archive as well', async () => {
    const { eventStore, archive } = instanceOn(database);
    await eventStore.append('kept', [start, end]);
    await database.processStore.project('kept');
    await archiveAll();
    expect(foundIn(await storedOf('kept'))).toEqual([]);
    expect(contents(await eventStore.readStream('kept'))).toEqual(
      contents([start, end] as unknown as StoredEvent[]),
    );
    expect(foundIn(await archive.findProcess('kept'))).toEqual([PERSON.email, PERSON.fullName]);

    await database.processKeys.erase('kept');
    const other = instanceOn(database);
    expect(foundIn(await other.eventStore.readStream('kept'))).toEqual([]);
    expect(await other.archive.findProcess('kept')).toMatchObject({
      data: { message: ERASED, email: ERASED, score: 71 },
      erased: true,
    });
    expectChain(await rowsOf('kept'));
  });

  it.skipIf(!available)('that comes late for an erased process is written erased', async () => {
    await instanceOn(database).eventStore.append('late', [start, cancelled]);
    await database.processKeys.erase('late');
    for (const masterKey of [MASTER, '']) {
      await instanceOn(database, masterKey).eventStore.append('late', [
        { ...completedStep, dedupeKey: undefined },
      ]);
    }
    expect(foundIn(await storedOf('late'))).toEqual([]);
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
    // Nobody listens there: a start would be told as an outage.
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

  it.skipIf(!available)('is gone from an instance 5 seconds after its key', async () => {
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
  });

  it.skipIf(!available)('of one process has one key, however many start it at once', async () => {
    const instances = Array.from({ length: 6 }, () => instanceOn(database));
    const answers = await Promise.allSettled(
      instances.map(({ eventStore }) => eventStore.append('race', [start], { expectedVersion: 0 })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const streams = await Promise.all(
      instances.map(({ eventStore }) => eventStore.readStream('race')),
    );
    for (const events of streams) expect(events[0]).toMatchObject({ data: start.data });
  });

  it.skipIf(!available)('of a start that is known by its key makes no second key', async () => {
    const { eventStore } = instanceOn(database);
    const event = { ...start, dedupeKey: 'idempotency:personal' };
    await eventStore.append('first-of-two', [event], { expectedVersion: 0 });
    const again = await eventStore.append('second-of-two', [event], { expectedVersion: 0 });
    expect(again).toMatchObject({
      duplicate: true,
      events: [{ correlationId: 'first-of-two', data: start.data }],
    });
    expect(await database.processKeys.find(['second-of-two'])).toEqual([]);
  });

  it.skipIf(!available)('is not what a caller only made to look like it', async () => {
    const { eventStore } = instanceOn(database);
    await eventStore.append('victim', [start]);
    const [{ request_data } = {}] = await rowsOf('victim');
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

  it.skipIf(!available)('costs processes without any nothing', async () => {
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

  it.skipIf(!available)('locked under a key that an instance lacks is kept from it', async () => {
    await instanceOn(database).eventStore.append('locked', [start]);
    for (const masterKey of ['', OTHER_MASTER]) {
      const { eventStore } = instanceOn(database, masterKey);
      await expect(eventStore.readStream('locked')).rejects.toThrow(PersonalDataLockedError);
      await expect(eventStore.append('locked', [end])).rejects.toThrow(PersonalDataLockedError);
    }
    expect(await rowsOf('locked'), 'nothing was written in the clear').toHaveLength(1);
    // A second key in front: the first one still unwraps.
    const both = instanceOn(database, `${OTHER_MASTER},${MASTER}`);
    expect((await both.eventStore.readStream('locked'))[0]?.data).toEqual(start.data);
  });

  it.skipIf(!available)('is stored as it is where no key was ever set', async () => {
    const fresh = await open();
    try {
      const { eventStore } = instanceOn(fresh, '');
      await eventStore.append('clear', [start, started]);
      const [row] = await fresh.knex('event_log').where({ version: 1 });
      expect(foundIn(row)).toEqual([PERSON.email, PERSON.fullName]);
      // A process that began so goes on sealed once there is a key.
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
