import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moveBatch, relayAll } from '../support/archive-world.ts';
import { completed } from '../support/events.ts';
import { type Parts, startParts } from '../support/service-parts.ts';

const ada = { userId: '42', email: 'ada@example.com' };
const ASYNC = { prefer: 'respond-async' };

describe('an archived process', () => {
  let parts: Parts;
  beforeAll(async () => {
    parts = await startParts();
    const { api, database } = parts;
    await api.start('instant', ada, { correlationId: 'old' }, ASYNC);
    await database.eventStore.append('old', [completed({ greeting: 'hello' })]);
    await database.processStore.project('old');
    await relayAll(database);
    const moved = await moveBatch(database, 10);
    expect(moved).toEqual({ processes: 1, events: 2 });
  });
  afterAll(() => parts?.stop());

  it('G7: is found by its status, and says that it is archived', async () => {
    const { status, body, headers } = await parts.api.status('old', { prefer: 'wait=5' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', archived: true, result: { greeting: 'hello' } });
    expect(headers.get('etag')).toBe('"2-archived"');
  });

  it('G7: gives its events, and is not listed any more', async () => {
    const { body } = await parts.api.get('/api/process/old/events');
    expect(body).toMatchObject({ archived: true, events: [{ version: 1 }, { version: 2 }] });
    expect((await parts.api.get('/api/process')).body.processes).toEqual([]);
  });

  it('answers the same start with its result, and another with 409', async () => {
    const again = await parts.api.start('instant', ada, { correlationId: 'old' });
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
