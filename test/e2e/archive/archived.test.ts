import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moveBatch, relayAll } from '../../support/archive-world.ts';
import { completed } from '../../support/events.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';
import { followEvents } from '../../support/sse.ts';

interface EventRow {
  version: number;
  archived?: boolean;
}

const ada = { userId: '42', email: 'ada@example.com' };
const ASYNC = { prefer: 'respond-async' };

describe('an archived process', () => {
  let parts: Parts;
  beforeAll(async () => {
    parts = await startParts();
    const { api, database } = parts;
    await api.start('instant', ada, { correlationId: 'old', traceabilityId: 'trace-old' }, ASYNC);
    await database.eventStore.append('old', [completed({ greeting: 'hello' })]);
    await database.processStore.project('old');
    await relayAll(database);
    const moved = await moveBatch(database, 10);
    expect(moved).toMatchObject({ processes: 1, events: 2 });
  });
  afterAll(() => parts?.stop());

  it('G7: is found by its status, which says that it is archived', async () => {
    const { status, body, headers } = await parts.api.status('old', { prefer: 'wait=5' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', archived: true, result: { greeting: 'hello' } });
    expect(headers.get('etag')).toBe('"2-archived"');
    const again = await parts.api.status('old', { 'if-none-match': '"2-archived"' });
    expect(again.status).toBe(304);
    // What a caller has from before the archive is not the same answer.
    expect((await parts.api.status('old', { 'if-none-match': '"2"' })).status).toBe(200);
  });

  it('G7: is followed to its end, after which the stream ends', async () => {
    const url = `${parts.api.url}/api/process/old/events`;
    const stream = await followEvents(url);
    await stream.ended;
    expect(stream.events.map(({ id }) => id)).toEqual([1, 2]);
    expect((await followEvents(url, 2)).status).toBe(204);
  });

  it('is among the events of its trace, and is listed when the archive is asked for', async () => {
    const { body } = await parts.api.get('/api/event-log/trace-old');
    expect(body.events.map(({ version, archived }: EventRow) => [version, archived])).toEqual([
      [1, true],
    ]);
    const listed = await parts.api.get('/api/process?archive=include&limit=1');
    expect(listed.body.processes).toMatchObject([{ correlationId: 'old', archived: true }]);
    expect((await parts.api.get('/api/process?archive=exclude')).body.processes).toEqual([]);
    const archived = await parts.api.get('/api/process?archive=only');
    expect(archived.body.processes).toMatchObject([{ correlationId: 'old', archived: true }]);
    expect((await parts.api.get('/api/process?archive=some')).status).toBe(400);
  });

  it('gives the same answer to the same end, and 409 to another', async () => {
    const complete = (result: object) =>
      parts.api.post('/api/process/complete', {
        body: JSON.stringify({ correlationId: 'old', status: 'ok', result }),
        headers: { 'content-type': 'application/json' },
      });
    const same = await complete({ greeting: 'hello' });
    expect(same).toMatchObject({ status: 200, body: { archived: true } });
    expect((await complete({ greeting: 'bye' })).status).toBe(409);
  });

  it('G7: gives its events, and is no longer listed', async () => {
    const { body } = await parts.api.get('/api/process/old/events');
    expect(body).toMatchObject({ archived: true, events: [{ version: 1 }, { version: 2 }] });
    expect((await parts.api.get('/api/process')).body.processes).toEqual([]);
  });

  it('answers the same start with its result, and another with 409', async () => {
    const again = await parts.api.start('instant', ada, {
      correlationId: 'old',
      traceabilityId: 'trace-old',
    });
    expect(again.status).toBe(200);
    expect(again.body.result).toEqual({ greeting: 'hello' });
    const other = { ...ada, userId: '43' };
    expect((await parts.api.start('instant', other, { correlationId: 'old' })).status).toBe(409);
  });

  it('cannot be cancelled any more, nor retried', async () => {
    const cancel = await parts.api.post('/api/process/old/cancel', {});
    expect(cancel).toMatchObject({ status: 409, body: { correlationId: 'old' } });
    expect((await parts.api.post('/api/process/old/retry', {})).status).toBe(409);
    expect(await parts.database.eventStore.readStream('old')).toHaveLength(2);
  });
});
