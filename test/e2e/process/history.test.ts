import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredEvent } from '../../../domain/process/events.ts';
import { relayAll, soon } from '../../support/archive-world.ts';
import { until } from '../../support/children.ts';
import { completed, started, stepCompleted } from '../../support/events.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const ada = { userId: '42', email: 'ada@example.com' };
const ASYNC = { prefer: 'respond-async' };

describe('the state of a process as it was', () => {
  let parts: Parts;
  let events: StoredEvent[];
  /** Events that the routes were given. */
  let read = 0;
  beforeAll(async () => {
    parts = await startParts((eventStore) => ({
      ...eventStore,
      async pageStream(...call) {
        const found = await eventStore.pageStream(...call);
        read += found.items.length;
        return found;
      },
    }));
    const { api, database } = parts;
    for (const id of ['live', 'old']) await api.start('instant', ada, { correlationId: id }, ASYNC);
    for (const event of [started(), stepCompleted('one'), completed({ greeting: 'hello' })]) {
      // Times of milliseconds: each event gets one of its own.
      const last = (await database.eventStore.readStream('live')).at(-1)?.createdAt ?? '';
      await until(() => new Date().toISOString() > last, 'the clock advances');
      await parts.advance('live', event);
    }
    events = await database.eventStore.readStream('live');
    await database.eventStore.append('old', [completed({ greeting: 'hello' })]);
    await database.processStore.project('old');
    await relayAll(database);
    await database.knex('process_store').where({ correlation_id: 'live' }).update({ version: 3 });
    await database.archive.moveBatch({ endedBefore: soon(), limit: 10 });
    await database.processStore.project('live');
  });
  afterAll(() => parts?.stop());

  const past = (id: string, at: string, headers = {}) =>
    parts.api.get(`/api/process/status/${id}?at=${encodeURIComponent(at)}`, { headers });

  it('G7: is the fold of its events up to a version, with 200 for a pending one as well', async () => {
    expect((await past('live', '1')).body).toMatchObject({ status: 'pending', version: 1, at: 1 });
    const third = await past('live', '3');
    expect(third.status).toBe(200);
    expect(third.body).toMatchObject({ status: 'pending', currentStep: 'run-background-check' });
    expect(third.body).toMatchObject({ processInstanceId: 'instance-1', completedAt: null, at: 3 });
    expect(third.headers.get('etag')).toBe('"3"');
    expect((await past('live', '4')).body).toMatchObject({
      status: 'ok',
      result: { greeting: 'hello' },
      updatedAt: events[3]?.createdAt,
    });
    expect((await parts.api.status('live')).body).not.toHaveProperty('at');
  });

  it('G7: is the fold of its events up to a time, that time included', async () => {
    const time = events[2]?.createdAt ?? '';
    expect((await past('live', time)).body).toMatchObject({ version: 3, at: time });
    const before = new Date(Date.parse(time) - 1).toISOString();
    expect((await past('live', before)).body).toMatchObject({ version: 2, status: 'pending' });
    const zoned = time.replace('Z', '+00:00');
    expect((await past('live', zoned)).body).toMatchObject({ version: 3, at: time });
    expect((await past('live', soon())).body).toMatchObject({ version: 4, status: 'ok' });
  });

  it('G7: is found in the archive', async () => {
    const { status, body, headers } = await past('old', '1');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'pending', version: 1, archived: true, at: 1 });
    expect(headers.get('etag')).toBe('"1-archived"');
  });

  it('has the entity tag of its version, and answers without waiting', async () => {
    const headers = { 'if-none-match': '"3"', prefer: 'wait=20' };
    expect((await past('live', '3', headers)).status).toBe(304);
    const answer = await past('live', '2', headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('preference-applied')).toBeNull();
  });

  it('is 404 where the process had not come to, and says how far it had', async () => {
    const beyond = await past('live', '5');
    expect(beyond).toMatchObject({ status: 404, body: { correlationId: 'live' } });
    expect(beyond.body.type).toMatch(/not-yet-there$/);
    expect(beyond.body.detail).toContain('version 4');
    const early = await past('old', '2001-01-01T00:00:00Z');
    expect(early.status).toBe(404);
    expect(early.body.type).toMatch(/not-yet-there$/);
    expect((await past('never', '1')).body.type).toMatch(/not-found$/);
  });

  it('is refused for a value that is neither a version nor a time', async () => {
    for (const at of [
      '0',
      '-1',
      '1.5',
      'yesterday',
      '2026-01-31',
      '2026-13-01T00:00:00Z',
      ' ',
      '',
    ]) {
      const { status, body } = await past('live', at);
      expect(status, at).toBe(400);
      expect(body.detail, at).toMatch(/a version.*or an ISO 8601 time/);
    }
  });

  it('reads no event after a version, and reads long streams in pages', async () => {
    const { database } = parts;
    const steps = Array.from({ length: 70 }, (_, at) => stepCompleted(`long-${at}`));
    const all = [started(), ...steps];
    await database.eventStore.append('long', all);
    await database.eventStore.append(
      'long',
      steps.map((_, at) => stepCompleted(`longer-${at}`)),
    );
    read = 0;
    expect((await past('long', '2')).body).toMatchObject({ version: 2 });
    expect(read).toBe(2);
    expect((await past('long', '141')).body).toMatchObject({ version: 141 });
    expect((await past('long', '142')).status).toBe(404);
    expect((await past('long', soon())).body).toMatchObject({ version: 141 });
  });
});
