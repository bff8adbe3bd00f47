import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { completed } from '../../support/events.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';
import { followEvents } from '../../support/sse.ts';

const ada = { userId: '42', email: 'ada@example.com' };
const ASYNC = { prefer: 'respond-async' };

describe('waiting for a process', () => {
  let parts: Parts | undefined;
  afterEach(async () => {
    await parts?.stop();
    parts = undefined;
  });

  it('G6: wakes the caller when the process ends before its start has returned', async () => {
    parts = await startParts((eventStore, advance) => ({
      ...eventStore,
      async append(correlationId, events, options) {
        const stored = await eventStore.append(correlationId, events, options);
        await advance(correlationId, completed({ early: true }));
        return stored;
      },
    }));
    const answer = await parts.api.start('instant', ada, {}, { prefer: 'wait=2' });
    expect(answer.status).toBe(200);
    expect(answer.body.result).toEqual({ early: true });
  });

  it('G6: wakes a second caller, too, when the process ends while that one joins it', async () => {
    let seen = 0;
    parts = await startParts((eventStore, advance) => ({
      ...eventStore,
      async append(correlationId, events, options) {
        const late = ++seen === 2;
        const stored = await eventStore
          .append(correlationId, events, options)
          .catch((error: unknown) => error);
        if (late) await advance(correlationId, completed({ early: true }));
        if (stored instanceof Error) throw stored;
        return stored as Awaited<ReturnType<typeof eventStore.append>>;
      },
    }));
    await parts.api.start('instant', ada, { correlationId: 'joined' }, ASYNC);
    const joined = await parts.api.start(
      'instant',
      ada,
      { correlationId: 'joined' },
      { prefer: 'wait=2' },
    );
    expect(joined.status).toBe(200);
  });

  it('G6: wakes all waiters of one process, start and long polls alike', async () => {
    parts = await startParts();
    const { api, waitroom } = parts;
    const body = { correlationId: 'shared' };
    const starts = [1, 2, 3].map(() => api.start('instant', ada, body));
    await until(async () => (await api.status('shared')).status === 202, 'it is accepted');
    const polls = [1, 2, 3].map(() => api.status('shared', { prefer: 'wait=20' }));
    await until(() => waitroom.size() === 6, 'all wait');
    await parts.advance('shared', completed({ done: true }));
    for (const answer of await Promise.all([...starts, ...polls])) {
      expect(answer.status).toBe(200);
      expect(answer.body.result).toEqual({ done: true });
    }
    expect(waitroom.size()).toBe(0);
  });

  it('G6: holds no slot for a caller who hangs up', async () => {
    parts = await startParts();
    const { api, waitroom } = parts;
    const controller = new AbortController();
    const { signal } = controller;
    const start = {
      json: { processKey: 'instant', variables: ada, correlationId: 'left' },
      signal,
    };
    const calls = [
      api.post('/api/process/start', start),
      until(async () => (await api.status('left')).status === 202, 'it is accepted').then(() =>
        api.get('/api/process/status/left', { headers: { prefer: 'wait=20' }, signal }),
      ),
    ];
    for (const call of calls) call.catch(() => {});
    await until(() => waitroom.size() === 2, 'both wait');
    controller.abort();
    await until(() => waitroom.size() === 0, 'nobody waits');
  });

  it('G6: holds no slot for a follower who hangs up', async () => {
    parts = await startParts();
    const { api, waitroom } = parts;
    await api.start('instant', ada, { correlationId: 'followed' }, ASYNC);
    const follower = await followEvents(`${api.url}/api/process/followed/events`);
    await until(() => waitroom.size() === 1, 'it follows');
    follower.close();
    await until(() => waitroom.size() === 0, 'nobody follows');
  });

  it('G7: finds an accepted process while its projection is held back', async () => {
    parts = await startParts();
    const { api, database } = parts;
    const accepted = await api.start('instant', ada, { correlationId: 'unprojected' }, ASYNC);
    expect(accepted.status).toBe(202);
    expect(await database.processStore.get('unprojected')).toBeNull();
    const { status, body } = await api.status('unprojected');
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: 'pending', processKey: 'instant', version: 1 });
    await database.eventStore.append('unprojected', [completed({ done: true })]);
    expect((await api.status('unprojected')).body).toMatchObject({ result: { done: true } });
  });

  it('G12: gives a 202 to callers who wait when the stop begins, and to those who come then', async () => {
    parts = await startParts();
    const { api, waitroom } = parts;
    const waiting = api.start('instant', ada, { correlationId: 'stopped-1' });
    await until(() => waitroom.size() === 1, 'it waits');
    parts.beginStop();
    const late = api.start('instant', ada, { correlationId: 'stopped-2' });
    for (const answer of await Promise.all([waiting, late])) {
      expect(answer.status).toBe(202);
      expect(answer.headers.get('connection')).toBe('close');
    }
    const ready = await api.get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.body.status).toBe('stopping');
    expect((await api.get('/health/live')).status).toBe(200);
  });

  it('G12: does not delay the stop by followed streams', async () => {
    parts = await startParts();
    const { api, app } = parts;
    await api.start('instant', ada, { correlationId: 'followed' }, ASYNC);
    const follower = await followEvents(`${api.url}/api/process/followed/events`);
    await until(() => follower.events.length === 1, 'the first event came');
    await app.close();
    await follower.ended;
  });

  it('G12: does not delay the stop by a connection that was opened and never used', async () => {
    parts = await startParts();
    const { app, api } = parts;
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    // The next call is answered, so the server has seen the connection before it.
    await api.get('/health/live');
    const ended = once(socket, 'close');
    await app.close();
    await ended;
  });

  it('is not ready while the database or the engine is away, and says which', async () => {
    parts = await startParts();
    const { api } = parts;
    const engineAway = await api.get('/health/ready');
    expect(engineAway.status).toBe(503);
    expect(engineAway.body.checks.database).toBe('ok');
    expect(engineAway.body.checks.engine).toMatch(/cannot be reached/);
    const { database } = parts;
    await database.close();
    const { body } = await api.get('/health/ready');
    expect(body.status).toBe('unavailable');
    expect(body.checks.database).not.toBe('ok');
    database.close = async () => {};
  });
});
