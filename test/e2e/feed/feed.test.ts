import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENT_TYPES, type ProcessEvent } from '../../../domain/process/events.ts';
import { moveBatch, relayAll } from '../../support/archive-world.ts';
import { completed, identity, requested, stepCompleted, stepFailed } from '../../support/events.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const other = {
  ...identity,
  batchId: 'batch-2',
  traceabilityId: 'trace-2',
  applicationId: 'app-2',
};

describe('the event feed', () => {
  let parts: Parts;
  beforeAll(async () => {
    parts = await startParts();
    const append = (id: string, events: ProcessEvent[]) =>
      parts.database.eventStore.append(id, events);
    await append('old', [requested(), completed({ greeting: 'hello' })]);
    await parts.database.processStore.project('old');
    await relayAll(parts.database);
    await moveBatch(parts.database, 10);
    await append('one', [requested()]);
    await append('two', [{ ...requested(), processName: 'fulfil-order', identity: other }]);
    await append('one', [stepFailed('t-1', 1)]);
    await append('one', [stepCompleted('t-2', 'greet')]);
    const elsewhere = { ...other, originatingSystem: 'Elsewhere' };
    await append('two', [{ ...completed({}), processName: 'fulfil-order', identity: elsewhere }]);
  });
  afterAll(() => parts?.stop());

  const page = async (query = '') => (await parts.api.get(`/api/events?${query}`)).body;
  const named = (events: { correlationId: string; version: number }[]) =>
    events.map(({ correlationId, version }) => `${correlationId} ${version}`);
  const LIVE = ['one 1', 'two 1', 'one 2', 'one 3', 'two 2'];

  it('G9: gives all events in commit order, page by page, each once', async () => {
    const all = await page();
    expect(named(all.events)).toEqual(LIVE);
    expect(all.atEnd).toBe(true);
    const positions = all.events.map(({ position }) => Number(position));
    expect(positions).toEqual([...positions].sort((a, b) => a - b));

    const paged: string[] = [];
    let cursor: string | null = null;
    for (let atEnd = false; !atEnd; ) {
      const next = await page(cursor === null ? 'limit=2' : `limit=2&cursor=${cursor}`);
      expect(next.events.length).toBeLessThanOrEqual(2);
      paged.push(...named(next.events));
      ({ atEnd, nextCursor: cursor } = next);
    }
    expect(paged).toEqual(LIVE);
  });

  it('gives a cursor with an empty page too, from which the next event follows', async () => {
    const end = await page('cursor=latest&correlationId=late');
    expect(end).toMatchObject({ events: [], atEnd: true });
    expect(await page(`correlationId=late&cursor=${end.nextCursor}`)).toEqual(end);
    await parts.database.eventStore.append('late', [requested()]);
    const next = await page(`correlationId=late&cursor=${end.nextCursor}`);
    expect(named(next.events)).toEqual(['late 1']);
    expect(next.nextCursor).not.toBe(end.nextCursor);
  });

  it.each([
    ['process=fulfil-order', ['two 1', 'two 2']],
    ['step=greet', ['one 3']],
    ['status=error', ['one 2']],
    ['type=step-failed', ['one 2']],
    ['type=step-failed,process-completed', ['one 2', 'two 2']],
    ['type=step-failed&type=process-completed', ['one 2', 'two 2']],
    ['targetSystem=BackgroundCheck', ['one 3']],
    ['originatingSystem=Elsewhere', ['two 2']],
    ['traceabilityId=trace-2', ['two 1', 'two 2']],
    ['batchId=batch-2', ['two 1', 'two 2']],
    ['applicationId=app-2', ['two 1', 'two 2']],
    ['correlationId=one', ['one 1', 'one 2', 'one 3']],
    ['correlationId=one&status=ok&type=step-completed', ['one 3']],
    ['process=none-such', []],
    ['to=2001-01-01T00:00:00Z', []],
    ['from=2999-01-01T00:00:00Z', []],
  ])('can be filtered by %s', async (query, expected) => {
    expect(named((await page(query)).events)).toEqual(expected);
  });

  it('takes times of any zone, the first included and the second not', async () => {
    const { events } = (await parts.api.get('/api/process/one/events')).body;
    const at = (events as unknown as { createdAt: string }[])[2]?.createdAt ?? '';
    const inKolkata = `${new Date(Date.parse(at) + 5.5 * 3_600_000).toISOString().slice(0, -1)}%2B05:30`;
    expect(named((await page(`correlationId=one&from=${inKolkata}`)).events)).toContain('one 3');
    expect(named((await page(`correlationId=one&to=${inKolkata}`)).events)).not.toContain('one 3');
  });

  it('has archived events in their order when they are asked for', async () => {
    const all = await page('archive=include&limit=4');
    expect(named(all.events)).toEqual(['old 1', 'old 2', 'one 1', 'two 1']);
    expect(all.events[0]).toMatchObject({ archived: true });
    expect(all.events[2]).not.toHaveProperty('archived');
    expect(named((await page('archive=exclude&limit=1')).events)).toEqual(['one 1']);
  });

  it.each([
    ['from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', /querystring\.from: must be before to/],
    ['from=2026-02-01T00:00:00Z&to=2026-02-01T00:00:00Z', /must be before to/],
    ['from=2026-02-01', /querystring\.from: .*zone/],
    ['from=2026-02-01T00:00:00+01:00', /%2B/],
    ['to=0000-01-01T00:00:00Z', /querystring\.to: .*1000/],
    ['processKey=x', /unknown parameter processKey; the parameters are process, /],
    ['type=step-done', new RegExp(`querystring\\.type.*${EVENT_TYPES[0]}`)],
    ['type=', /querystring\.type/],
    ['status=pending', /querystring\.status/],
    ['archive=only', /querystring\.archive/],
    ['limit=0', /querystring\.limit/],
    ['limit=1001', /querystring\.limit/],
    ['limit=1.5', /querystring\.limit: must be a whole number from 1/],
    ['process=', /querystring\.process: must not be empty/],
    ['step=a&step=b', /querystring\.step/],
    ['batchId=%00', /querystring\.batchId/],
    ['correlationId=a%20b', /querystring\.correlationId/],
    ['cursor=', /querystring\.cursor: .*nextCursor.*latest/],
    ['cursor=nonsense', /querystring\.cursor: .*nextCursor.*latest/],
    [`cursor=${Buffer.from('{"feed":"-1","filter":""}').toString('base64url')}`, /is not a cursor/],
    [`cursor=${'x'.repeat(2_001)}`, /querystring\.cursor/],
  ])('answers ?%s with 400 that says what to change', async (query, detail) => {
    const answer = await parts.api.get(`/api/events?${query}`);
    expect(answer.status).toBe(400);
    expectProblem(answer, 'invalid-request', detail);
  });

  it('refuses the cursor of another list', async () => {
    const processes = await parts.api.get('/api/process?limit=1&archive=include');
    await parts.api.start(
      'instant',
      { userId: '1', email: 'a@b.c' },
      {},
      { prefer: 'respond-async' },
    );
    const trace = await parts.api.get('/api/event-log/trace-1?limit=1');
    for (const { body } of [processes, trace]) {
      const answer = await parts.api.get(`/api/events?cursor=${body.nextCursor}`);
      expectProblem(answer, 'invalid-request', /is not a cursor of GET \/api\/events/);
    }
  });

  it('refuses a cursor with other filters than those it was made with, but takes it with another limit', async () => {
    const { nextCursor } = await page('status=ok&type=step-completed,process-requested&limit=1');
    const get = (query: string) => parts.api.get(`/api/events?${query}&cursor=${nextCursor}`);
    const same = 'type=process-requested&type=step-completed&status=ok';
    expect((await get(`${same}&limit=3`)).status).toBe(200);
    for (const query of ['', 'status=error', 'status=ok', `archive=include&${same}`]) {
      const answer = await get(query);
      expect(answer.status).toBe(400);
      expectProblem(
        answer,
        'invalid-request',
        /other filters; send the filters of the page it comes from/,
      );
    }
  });

  it('refuses a cursor of a database that was further', async () => {
    const another = await startParts();
    try {
      const { nextCursor } = await page();
      const answer = await another.api.get(`/api/events?cursor=${nextCursor}`);
      expect(answer.status).toBe(400);
      expectProblem(
        answer,
        'invalid-request',
        /another database, or this database was restored from a backup/,
      );
    } finally {
      await another.stop();
    }
  });
});
