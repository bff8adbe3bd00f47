import { describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { type TestService, untilRelayed } from '../../support/service.ts';
import { followEvents } from '../../support/sse.ts';
import { useTestService } from '../../support/use-service.ts';

const ada = { userId: '42', email: 'ada@example.com' };
const ASYNC = { prefer: 'respond-async' };

describe('the events of a process', () => {
  let service: TestService;
  useTestService((started) => {
    service = started;
  });

  const trail = (correlationId: string) => `/api/process/${correlationId}/events`;
  const follow = (correlationId: string, last?: number) =>
    followEvents(service.url + trail(correlationId), last);
  const hold = (correlationId: string) =>
    service.api.start('gated', { gate: correlationId }, { correlationId }, ASYNC);

  it('give its audit trail in order', async () => {
    await service.api.start('instant', ada, { correlationId: 'trail-1' });
    const { body } = await service.api.get(trail('trail-1'));
    const { events } = body;
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
    expect(events.map(({ type }) => type).sort()).toEqual([
      'process-completed',
      'process-requested',
      'process-started',
      'step-completed',
    ]);
    expect(events[0]).toMatchObject({
      type: 'process-requested',
      processKey: 'instant',
      audit: { httpMethod: 'POST', endpoint: '/api/process/start', httpStatusCode: 202 },
      data: { variables: ada },
    });
    const step = events.find(({ type }) => type === 'step-completed');
    expect(step).toMatchObject({
      step: { name: 'greet', number: 1 },
      data: { input: ada, output: ada, attempt: 1 },
      audit: { result: 'Greeted', httpStatusCode: 200, executionTime: expect.any(Number) },
    });
    const rest = await service.api.get(`${trail('trail-1')}?afterVersion=3`);
    expect(rest.body.events).toEqual(events.slice(3));
  });

  it('are sent live, each once and in order, and the stream ends after the last', async () => {
    await hold('live-1');
    const followers = await Promise.all([follow('live-1'), follow('live-1')]);
    for (const { status, contentType } of followers) {
      expect(status).toBe(200);
      expect(contentType).toBe('text/event-stream');
    }
    await until(() => followers.every(({ events }) => events.length >= 2), 'the first events came');
    expect(followers.every(({ events }) => events.length < 5)).toBe(true);
    service.folder.open('live-1');
    await Promise.all(followers.map(({ ended }) => ended));
    const { body } = await service.api.get(trail('live-1'));
    for (const { events } of followers) {
      expect(events.map(({ data }) => data)).toEqual(body.events);
      expect(events.map(({ id }) => id)).toEqual(body.events.map(({ version }) => version));
      expect(events.map(({ type }) => type)).toEqual(body.events.map(({ type }) => type));
      expect(events.at(-1)?.type).toBe('process-completed');
    }
  });

  it('resume after the Last-Event-ID', async () => {
    await hold('live-2');
    const first = await follow('live-2');
    await until(() => first.events.length >= 2, 'the first events came');
    first.close();
    const second = await follow('live-2', first.events.at(-1)?.id);
    service.folder.open('live-2');
    await second.ended;
    const { body } = await service.api.get(trail('live-2'));
    expect([...first.events, ...second.events].map(({ data }) => data)).toEqual(body.events);
  });

  it('end at once when it has ended, and stop a browser from reconnecting', async () => {
    await service.api.start('instant', ada, { correlationId: 'live-3' });
    const all = await follow('live-3');
    await all.ended;
    expect(all.events.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    const again = await follow('live-3', 4);
    expect(again.status).toBe(204);
  });

  it('include what was recorded after the end of a cancelled process, and end too', async () => {
    await hold('live-4');
    await until(async () => (await service.api.status('live-4')).body.processInstanceId, 'it runs');
    await service.api.post('/api/process/live-4/cancel');
    const seen = await follow('live-4');
    await seen.ended;
    const last = seen.events.at(-1)?.id ?? 0;
    // Otherwise the instance may reach its next step before it is deleted.
    await untilRelayed(service.folder);
    service.folder.open('live-4');
    await until(
      async () => (await service.api.get(trail('live-4'))).body.events.length > last,
      'the late step is recorded',
    );
    const late = await follow('live-4', last);
    await late.ended;
    expect(late.events.map(({ type }) => type)).toEqual(['step-completed']);
  });

  it('are 404 as an event stream, too, when there is no such process', async () => {
    const headers = { accept: 'text/event-stream' };
    expect((await service.api.get(trail('nobody'), { headers })).status).toBe(404);
  });

  it('are given for a trace over all its processes, page by page', async () => {
    const traceabilityId = 'trace of/three';
    for (const at of [1, 2, 3]) {
      await service.api.start('instant', ada, { correlationId: `trace-${at}`, traceabilityId });
    }
    const path = `/api/event-log/${encodeURIComponent(traceabilityId)}`;
    const { body: all } = await service.api.get(path);
    expect(all.events).toHaveLength(12);
    expect(all.nextCursor).toBeNull();
    expect(new Set(all.events.map(({ correlationId }) => correlationId)).size).toBe(3);
    const paged: typeof all.events = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor && `&cursor=${cursor}`;
      const page = (await service.api.get(`${path}?limit=5${query}`)).body;
      paged.push(...page.events);
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(all.events);
  });

  it('refuse the cursor of another list', async () => {
    const { body } = await service.api.get('/api/process?limit=1');
    expect(body.nextCursor).not.toBeNull();
    const answer = await service.api.get(`/api/event-log/x?cursor=${body.nextCursor}`);
    expect(answer.status).toBe(400);
  });
});
