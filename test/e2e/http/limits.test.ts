import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { countEvents, startTestService, type TestService } from '../../support/service.ts';
import { type Answer, expectProblem } from '../../support/service-api.ts';
import { followEvents } from '../../support/sse.ts';

const ASYNC = { prefer: 'respond-async' };

function expectOverloaded(answer: Answer): void {
  expect(answer.status).toBe(503);
  expectProblem(answer, 'overloaded', /Send the same request again later/);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('the limits of the service', () => {
  let service: TestService;
  const start = (correlationId: string, headers = {}, signal?: AbortSignal) =>
    service.api.post('/api/process/start', {
      json: { processKey: 'gated', correlationId, variables: { gate: 'open' } },
      headers,
      ...(signal ? { signal } : {}),
    });
  afterEach(async () => {
    await service?.stop();
    service?.folder.remove();
  });

  describe('for waiters', () => {
    beforeEach(async () => {
      service = await startTestService({ WAITERS_MAX: '2', WAIT_TIMEOUT_MS: '600000' });
    });

    it('answer a caller above them with a 503 before anything is accepted', async () => {
      const waiting = [start('a'), start('b')];
      await until(() => countEvents(service.folder) >= 2, 'two wait');
      const before = await start('c');
      expectOverloaded(before);
      expect((await service.api.status('c')).status).toBe(404);
      expectOverloaded(await service.api.status('a', { prefer: 'wait=5' }));
      const events = '/api/process/a/events';
      const headers = { accept: 'text/event-stream' };
      expectOverloaded(await service.api.get(events, { headers }));
      // A caller who does not wait takes no slot.
      expect((await start('d', ASYNC)).status).toBe(202);
      expect((await service.api.status('a')).status).toBe(202);
      expect((await service.api.get(events)).status).toBe(200);
      service.folder.open('open');
      for (const { status } of await Promise.all(waiting)) expect(status).toBe(200);
      expect((await start('c')).status).toBe(200);
    });

    it('make room when a caller or a follower hangs up', async () => {
      const gone = new AbortController();
      const waiting = start('a', {}, gone.signal).catch(() => 'gone');
      await until(() => countEvents(service.folder) >= 1, 'one waits');
      const follower = await followEvents(`${service.url}/api/process/a/events`);
      expectOverloaded(await service.api.status('a', { prefer: 'wait=5' }));
      gone.abort();
      expect(await waiting).toBe('gone');
      await until(
        async () => (await service.api.status('a', { prefer: 'wait=1' })).status === 202,
        'there is room again',
      );
      service.folder.open('open');
      await follower.ended;
    });
  });

  it('refuse more processes than PENDING_MAX until some have ended, and those still run', async () => {
    service = await startTestService({ PENDING_MAX: '3' });
    for (const id of ['a', 'b', 'c']) {
      // Until the next poll a start may count twice.
      await until(async () => (await start(id, ASYNC)).status === 202, `${id} is accepted`);
    }
    expectOverloaded(await start('d', ASYNC));
    // Also when the count comes from the database.
    await until(
      async () =>
        (await service.api.get('/api/process?status=pending')).body.processes.length === 3,
      'they are projected',
    );
    expectOverloaded(await start('d', ASYNC));
    service.folder.open('open');
    await until(async () => (await start('d')).status === 200, 'there is room again');
    for (const id of ['a', 'b', 'c']) {
      await until(async () => (await service.api.status(id)).body.status === 'ok', `${id} ends`);
    }
  });
});
