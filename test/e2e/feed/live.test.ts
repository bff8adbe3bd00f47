import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { until } from '../../support/children.ts';
import { ADA, newFolder, personal, run } from '../../support/erasure.ts';
import { requested, stepCompleted } from '../../support/events.ts';
import { readMetrics } from '../../support/metrics.ts';
import { foundIn } from '../../support/personal.ts';
import { startTestService } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';
import { openFeed } from '../../support/sse.ts';

const WAIT = { headers: { prefer: 'wait=20' } };

describe('a caller who waits for the event feed', () => {
  let parts: Parts;
  beforeEach(async () => {
    parts = await startParts();
    await append('before');
  });
  afterEach(() => parts?.stop());

  const append = (correlationId: string) =>
    parts.database.eventStore.append(correlationId, [requested()]);
  const url = (query = '') => `${parts.api.url}/api/events?${query}`;
  const listening = (count = 1) =>
    until(() => parts.feedSignal.size() === count, `${count} listen`);

  it('gets the answer to a long poll as soon as there is an event', async () => {
    // What looks at the database once a second does not: only the append itself can wake it.
    vi.useFakeTimers({ toFake: ['setInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const polled = parts.api.get('/api/events?cursor=latest', WAIT);
    await listening();
    await append('one');
    const { body, headers } = await polled;
    expect(body.events).toMatchObject([{ correlationId: 'one', version: 1 }]);
    expect(headers.get('preference-applied')).toBe('wait=20');
    await listening(0);
  });

  it('does not wait when there is something, and gets an empty answer when the time is over', async () => {
    const first = await parts.api.get('/api/events', WAIT);
    expect(first.body.events).toHaveLength(1);
    const prefer = { headers: { prefer: 'wait=1' } };
    const empty = await parts.api.get(`/api/events?cursor=${first.body.nextCursor}`, prefer);
    expect(empty.body).toEqual({ events: [], nextCursor: first.body.nextCursor, atEnd: true });
  });

  it('still waits when an event comes that does not match', async () => {
    const polled = parts.api.get('/api/events?cursor=latest&correlationId=right', WAIT);
    await listening();
    await append('wrong');
    await append('right');
    expect((await polled).body.events).toMatchObject([{ correlationId: 'right' }]);
  });

  it('G9: gets events live, each once and in order, and resumes after the Last-Event-ID', async () => {
    const first = await openFeed(url());
    await append('one');
    await until(() => first.events().length === 2, 'it came');
    const last = first.lastEventId();
    first.close();
    await listening(0);
    await append('two');
    // The cursor of the address is where it began; the header says where it is.
    const second = await openFeed(url(), last);
    await append('three');
    await until(() => second.events().length === 2, 'the rest came');
    const seen = [...first.events(), ...second.events()];
    expect(seen).toEqual((await parts.api.get('/api/events')).body.events);
    const paged = await parts.api.get(`/api/events?cursor=${second.lastEventId()}`);
    expect(paged.body).toMatchObject({ events: [], atEnd: true });
    second.close();
  });

  it('gets its position at once, so that a caller who began at the end and is cut off misses nothing', async () => {
    const first = await openFeed(url('cursor=latest&status=ok'));
    await until(() => first.lastEventId() !== '', 'the position is sent', 5_000);
    expect(first.events()).toEqual([]);
    first.close();
    await append('meanwhile');
    const second = await openFeed(url('cursor=latest&status=ok'), first.lastEventId());
    await until(() => second.events().length > 0, 'it came');
    expect(second.events()).toMatchObject([{ correlationId: 'meanwhile' }]);
    second.close();
  });

  it('is refused with a malformed Last-Event-ID, or with one of other filters', async () => {
    const { nextCursor } = (await parts.api.get('/api/events')).body;
    for (const [query, id] of [
      ['', '17'],
      ['?status=ok', nextCursor ?? ''],
    ]) {
      const answer = await parts.api.get(`/api/events${query}`, {
        headers: { accept: 'text/event-stream', 'last-event-id': id ?? '' },
      });
      expect(answer.status).toBe(400);
      expectProblem(answer, 'invalid-request', /headers\.last-event-id: /);
    }
    expect(parts.feedSignal.size()).toBe(0);
  });

  it('makes the service read no further than the caller does, and gets it all in the end', async () => {
    const sockets: Socket[] = [];
    parts.app.server.on('connection', (socket: Socket) => sockets.push(socket));
    const text = 'x'.repeat(20_000);
    for (let nth = 0; nth < 25; nth++) {
      const steps = Array.from({ length: 80 }, (_, at) => stepCompleted(`${nth}-${at}`));
      const large = steps.map((step) => ({ ...step, audit: { ...step.audit, result: text } }));
      await parts.database.eventStore.append('large', large);
    }
    const caller = connect(Number(new URL(parts.api.url).port), '127.0.0.1');
    caller.pause();
    caller.write(
      'GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n',
    );
    const held = await until(() => sockets[0], 'it is connected');
    let sent = -1;
    await until(async () => {
      const before = sent;
      sent = held.bytesWritten;
      await sleep(300);
      return sent > 0 && sent === before && held.writableLength > 0;
    }, 'nothing more is written');
    expect(held.writableLength).toBeLessThan(1_000_000);
    let got = '';
    caller.on('data', (chunk) => {
      got += String(chunk);
    });
    caller.resume();
    await until(() => got.includes('"version":2000'), 'all of it came');
    expect(got.match(/^event: /gm)).toHaveLength(2_001);
    caller.destroy();
    await listening(0);
  });

  it('gets within seconds the events that others wrote without a notification', async () => {
    const { file } = parts;
    const quiet = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const other = await openSqliteDatabase({ file, ...quiet });
    onTestFinished(() => other.close());
    const polled = parts.api.get('/api/events?cursor=latest', WAIT);
    await listening();
    const began = performance.now();
    await other.eventStore.append('elsewhere', [requested()]);
    expect((await polled).body.events).toMatchObject([{ correlationId: 'elsewhere' }]);
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  it('is released at the stop, with what it needs to resume', async () => {
    const polled = parts.api.get('/api/events?cursor=latest', WAIT);
    const followed = await openFeed(url());
    await listening(2);
    parts.beginStop();
    expect((await polled).body).toMatchObject({ events: [], atEnd: true });
    await followed.ended;
    expect(followed.events()).toHaveLength(1);
  });
});

describe('the event feed of a service', () => {
  it('refuses waiters and followers above the limit, and has room again when one hangs up', async () => {
    const service = await startTestService({ WAITERS_MAX: '2' }, newFolder());
    onTestFinished(service.stop);
    const poller = new AbortController();
    const options = { ...WAIT, signal: poller.signal };
    const polled = service.api.get('/api/events?cursor=latest', options);
    const hungUp = expect(polled).rejects.toThrow();
    const followed = await openFeed(`${service.url}/api/events`);
    const waiting = async () => (await readMetrics(service.url)).value('waiting');
    await until(async () => (await waiting()) === 2, 'both wait');
    for (const headers of [WAIT.headers, { accept: 'text/event-stream' }]) {
      const answer = await service.api.get('/api/events?cursor=latest', { headers });
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
      expectProblem(answer, 'overloaded');
    }
    expect((await service.api.get('/api/events')).status).toBe(200);
    poller.abort();
    await hungUp;
    await until(async () => (await waiting()) === 1, 'one has gone');
    followed.close();
    await until(async () => (await waiting()) === 0, 'both have gone');
    expect(
      service.log.filter(
        ({ level, accessControl }) => Number(level) >= 40 && accessControl === undefined,
      ),
    ).toEqual([]);
  });

  it('has personal values for callers, and [erased] instead once they are erased', async () => {
    const folder = newFolder();
    const service = await startTestService(personal(), folder);
    onTestFinished(service.stop);
    await service.api.start('personal', { how: 'ok', ...ADA }, { correlationId: 'ada' });
    const text = async () => (await service.api.get('/api/events')).text;
    expect(await text()).toContain(ADA.email);
    expect((await run(folder, ['erase', 'ada'])).code).toBe(0);
    await until(async () => foundIn(await text()).length === 0, 'it is gone');
    expect(await text()).toContain('[erased]');
    const followed = await openFeed(`${service.url}/api/events`);
    await until(() => followed.events().length > 2, 'events came');
    expect(foundIn(JSON.stringify(followed.events()))).toEqual([]);
    followed.close();
  });
});
