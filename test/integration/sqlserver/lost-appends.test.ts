import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { StoreUnavailableError } from '../../../domain/common/errors.ts';
import type { AppendOptions } from '../../../domain/process/event-store.ts';
import type { ProcessEvent, StoredEvent } from '../../../domain/process/events.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { completed, requested, stepCompleted, stepFailed } from '../../support/events.ts';
import { openProxied, type ProxiedDatabase } from '../../support/mssql.ts';
import type { ProxyAction, TdsProxy } from '../../support/tds-proxy.ts';

const serverUrl = inject('mssqlUrl');
const SLOW = 60_000;

interface Append {
  what: string;
  events: (id: string) => ProcessEvent[];
  options?: AppendOptions;
}

const APPENDS: readonly Append[] = [
  { what: 'a start', events: () => [requested()], options: { expectedVersion: 0 } },
  { what: 'a start with a key', events: (id) => [requested(id)], options: { expectedVersion: 0 } },
  { what: 'a step', events: (id) => [stepCompleted(id)] },
  { what: 'an end', events: () => [completed()] },
  { what: 'a last failure and the end', events: (id) => [stepFailed(id, 1), completed()] },
];

describe.skipIf(serverUrl === null)('an append without an answer', { timeout: SLOW }, () => {
  let world: ProxiedDatabase;
  let proxy: TdsProxy;
  let database: Database;
  const reported: StoredEvent[] = [];
  beforeAll(async () => {
    world = await openProxied(serverUrl ?? '', (events) => reported.push(...events));
    ({ proxy, database } = world);
  });
  afterEach(async () => {
    proxy.intercept(() => 'pass');
    await proxy.restore();
  });
  afterAll(async () => {
    await world?.close();
  });

  /** Does so with the next append that comes, and with no other. */
  function once(action: ProxyAction, then: () => void = () => {}): void {
    let left = 1;
    proxy.intercept(({ text }) => {
      if (!text.includes('INSERT INTO event_log') || left-- <= 0) return 'pass';
      then();
      return action;
    });
  }

  it.each(APPENDS)('is written once, and reported, when its answer is lost: $what', async (one) => {
    await loseOne('lose-answer', one);
  });

  it('is written once, too, when the server never got it', async () => {
    await loseOne('lose-request', { what: 'a start', events: () => [requested()] });
  });

  async function loseOne(action: ProxyAction, { events, options }: Append): Promise<void> {
    const id = `${action}-${Math.random()}`;
    reported.length = 0;
    once(action);
    const given = events(id);
    const result = await database.eventStore.append(id, given, options);
    const found = await database.eventStore.readStream(id);
    expect(found.map(({ type }) => type)).toEqual(given.map(({ type }) => type));
    expect(result).toEqual({ events: found, duplicate: false });
    expect(reported).toEqual(found);
    const rows = await database.knex('outbox').where({ correlation_id: id });
    expect(rows).toHaveLength(given.length);
  }

  it('is still a duplicate when another append had its key before', async () => {
    const first = await database.eventStore.append('other', [stepCompleted('other')]);
    once('lose-answer');
    const again = [{ ...stepCompleted('other'), audit: { result: 'something else' } }];
    const result = await database.eventStore.append('other', again as ProcessEvent[]);
    expect(result).toEqual({ events: first.events, duplicate: true });
  });

  it('is still a conflict when another append took its version', async () => {
    await database.eventStore.append('taken', [requested()]);
    once('lose-answer');
    const late = database.eventStore.append('taken', [requested()], { expectedVersion: 0 });
    await expect(late).rejects.toThrow('at version 1, not at the expected 0');
  });

  it('has an unknown outcome after an outage, and is safe to send again', async () => {
    once('lose-answer', () => {
      // Gone with the next connection that is made.
      setImmediate(() => proxy.intercept(() => 'lose-request'));
    });
    const lost = database.eventStore.append('unknown', [requested('u')], { expectedVersion: 0 });
    const error = await lost.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error).toMatchObject({ outcome: 'unknown', correlationId: 'unknown' });
    proxy.intercept(() => 'pass');
    const again = await database.eventStore.append('unknown', [requested('u')], {
      expectedVersion: 0,
    });
    expect(again).toMatchObject({ duplicate: true, events: [{ version: 1 }] });
    expect(await database.eventStore.readStream('unknown')).toHaveLength(1);
  });
});
