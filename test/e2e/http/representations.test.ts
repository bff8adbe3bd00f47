import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { requested } from '../../support/events.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const STREAM = 'text/event-stream';

describe('content negotiation', () => {
  let parts: Parts;
  beforeAll(async () => {
    parts = await startParts();
    await parts.database.eventStore.append('pending', [requested()]);
  });
  afterAll(() => parts?.stop());

  /** Sends requests over one connection; resolves once so many answers are there. */
  async function answersTo(requests: string, count: number): Promise<string> {
    const { port } = new URL(parts.api.url);
    const socket: Socket = connect(Number(port), '127.0.0.1');
    let came = '';
    socket.on('data', (data) => {
      came += String(data);
    });
    socket.write(requests);
    await until(() => came.split('HTTP/1.1 ').length > count, `${count} answers to ${requests}`);
    socket.destroy();
    return came;
  }

  const HEALTH = 'GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

  it.each([
    ['/api/events', STREAM],
    ['/api/events?cursor=latest', STREAM],
    ['/api/process/pending/events', STREAM],
    ['/api/process/pending/events', 'application/json'],
    ['/api/events', 'application/json'],
    ['/api/events', 'text/csv'],
    ['/api/events?format=ndjson', '*/*'],
    ['/api/events', 'application/vnd.apache.parquet'],
  ])('ends a HEAD of %s as %s with its headers, and holds no slot', async (path, accept) => {
    const head = `HEAD ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: ${accept}\r\nPrefer: wait=20\r\n\r\n`;
    const answers = await answersTo(head + HEALTH, 2);
    expect(answers).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    const [first = ''] = answers.split('\r\n\r\n');
    if (accept !== '*/*') expect(first.toLowerCase()).toContain(`content-type: ${accept}`);
    expect(first).not.toMatch(/content-length: 0/i);
    expect([parts.waitroom.size(), parts.feedSignal.size()]).toEqual([0, 0]);
  });

  it.each(['/api/events', '/api/process/pending/events'])(
    'gives %s as an event stream only to a caller who wants one',
    async (path) => {
      for (const accept of [
        `${STREAM};q=0, */*`,
        'application/json, TEXT/EVENT-STREAM;q=0.5',
        '*/*',
      ]) {
        const { status, headers } = await parts.api.get(path, { headers: { accept } });
        expect([status, headers.get('content-type')], accept).toEqual([
          200,
          expect.stringContaining('application/json'),
        ]);
        expect(headers.get('vary')).toMatch(/accept/i);
      }
      const accept = 'Text/Event-Stream; charset=UTF-8, application/json;q=0.9';
      const stop = new AbortController();
      const answer = await fetch(parts.api.url + path, {
        headers: { accept },
        signal: stop.signal,
      });
      expect(answer.headers.get('content-type')).toBe(STREAM);
      expect(answer.headers.get('vary')).toMatch(/accept/i);
      stop.abort();
    },
  );

  it.each(['/api/events', '/api/process/pending/events'])(
    'answers %s with 406 where nothing fits, and says what there is',
    async (path) => {
      for (const accept of ['application/xml', 'text/event-streams', '*/*;q=0', 'text/html']) {
        const { status, body, headers } = await parts.api.get(path, { headers: { accept } });
        expect(status, accept).toBe(406);
        expect(body.type).toBe('urn:fastify-camunda:problem:not-acceptable');
        expect(body.detail).toContain('application/json');
        expect(headers.get('vary')).toMatch(/accept/i);
      }
    },
  );

  it('prefers format to Accept, which many callers cannot set', async () => {
    for (const accept of [STREAM, 'text/html']) {
      const { status, headers } = await parts.api.get('/api/events?format=json', {
        headers: { accept },
      });
      expect([status, headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('application/json'),
      ]);
    }
  });
});
