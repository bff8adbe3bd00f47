import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Parts, startParts } from '../../support/service-parts.ts';

interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  body: { type?: string; detail?: string; status?: number };
}

/** Headers that differ from answer to answer. */
const OWN = ['date', 'content-length', 'content-type', 'connection', 'keep-alive', 'allow'];

describe('the service before any route', () => {
  let parts: Parts;
  let port: number;
  beforeAll(async () => {
    parts = await startParts();
    port = Number(new URL(parts.api.url).port);
  });
  afterAll(() => parts?.stop());

  /** Sends bytes as they are, and reads until the other side closes. */
  function send(text: string): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
      socket.setEncoding('latin1').on('data', (part) => {
        answer += part;
      });
      socket.on('error', reject);
      socket.on('close', () => {
        const [head = '', body = ''] = answer.split('\r\n\r\n');
        const [first = '', ...lines] = head.split('\r\n');
        const headers = lines.map((line): [string, string] => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        });
        const json = body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1);
        resolve({
          status: Number(first.split(' ')[1]),
          headers: new Map(headers),
          body: JSON.parse(json || '{}'),
        });
      });
    });
  }

  const get = (path: string, more = '') =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`;

  it.each([
    [
      'headers over the limit',
      get('/health/live', `X-Long: ${'x'.repeat(20_000)}\r\n`),
      431,
      'headers-too-large',
    ],
    ['a URL over the limit', get(`/${'x'.repeat(20_000)}`), 431, 'headers-too-large'],
    ['what is not HTTP', 'HELLO\r\n\r\n', 400, 'invalid-request'],
    ['a malformed header', get('/health/live', 'no colon\r\n'), 400, 'invalid-request'],
    [
      'two lengths of one body',
      get('/health/live', 'Content-Length: 1\r\nContent-Length: 2\r\n'),
      400,
      'invalid-request',
    ],
    [
      'a request without a Host',
      'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n',
      400,
      'invalid-request',
    ],
    [
      'an expectation',
      get('/health/live', 'Expect: the-unexpected\r\n'),
      417,
      'expectation-failed',
    ],
    [
      'CONNECT',
      'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n',
      405,
      'method-not-allowed',
    ],
    ['a path that cannot be decoded', get('/api/process/status/%E0%A4%A'), 400, 'invalid-request'],
    ['a query that cannot be decoded', get('/api/process?step=%FF'), 400, 'invalid-request'],
    [
      'an id over the limit',
      get(`/api/process/status/${'x'.repeat(3_000)}`),
      400,
      'invalid-request',
    ],
    ['no such path', get('/none'), 404, 'not-found'],
  ])(
    'answers %s with a problem and the headers of any other answer',
    async (_what, text, status, type) => {
      const [refused, usual] = await Promise.all([send(text), send(get('/api/nothing'))]);
      expect(refused.status).toBe(status);
      expect(refused.body.type).toBe(`urn:fastify-camunda:problem:${type}`);
      expect(refused.body.status).toBe(status);
      expect(refused.body.detail?.length).toBeGreaterThan(10);
      expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      const common = [...usual.headers].filter(([name]) => !OWN.includes(name));
      expect(common.length).toBeGreaterThan(10);
      for (const [name, value] of common) expect(refused.headers.get(name), name).toBe(value);
    },
  );

  it('answers a method that a path does not have with 405 and those it has, on every route', async () => {
    const byPath = new Map<string, Set<string>>();
    for (const { url, method } of parts.app.routeList) {
      const path = url.replace(/:[a-zA-Z]+/g, 'x').replace('*', 'any/thing');
      const methods = byPath.get(path) ?? new Set();
      for (const one of [method].flat()) methods.add(one);
      // Where there is a HEAD, there is a GET.
      if (methods.has('HEAD')) methods.add('GET');
      byPath.set(path, methods);
    }
    expect(byPath.size).toBeGreaterThan(15);
    // To a GET it is the id of a task.
    byPath.get('/engine-rest/external-task/fetchAndLock')?.add('GET');
    for (const [path, methods] of byPath) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
        if (methods.has(method)) continue;
        const answer = await send(
          `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
        );
        expect(answer.status, `${method} ${path}`).toBe(405);
        expect(answer.body.type).toBe('urn:fastify-camunda:problem:method-not-allowed');
        const allow = answer.headers.get('allow')?.split(', ') ?? [];
        for (const one of methods) expect(allow, `${method} ${path}`).toContain(one);
        expect(allow).not.toContain(method);
      }
      const options = await send(
        `OPTIONS ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(options.status).toBe(204);
      expect(options.headers.get('allow')).toContain('OPTIONS');
    }
    const head = await send(
      'HEAD /api/process/start HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(head.status).toBe(405);
    expect(head.headers.get('allow')).toBe('OPTIONS, POST');
  });
});
