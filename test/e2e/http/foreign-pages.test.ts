import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessWithKeys, bearer } from '../../support/access.ts';
import { requested } from '../../support/events.ts';
import { serverUrl } from '../../support/servers.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

interface Answered {
  status: number;
  type: string;
  detail: string;
}

/** Calls as a browser does, with a Host header of its own choice, and hangs up at the answer's end or begin. */
function call(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
  whole = true,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      const status = answer.statusCode ?? 0;
      if (!whole) {
        answer.destroy();
        resolve({ status, type: '', detail: '' });
        return;
      }
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      answer.on('end', () => {
        const isProblem = answer.headers['content-type']?.startsWith('application/problem+json');
        const { type = '', detail = '' } = isProblem ? JSON.parse(text || '{}') : {};
        resolve({ status, type, detail });
      });
    });
    sent.on('error', reject).end();
  });
}

const REBOUND = { host: 'attacker.example:3000' };

const redis = await serverUrl('redis');

describe('a service on loopback that asks for no credential', () => {
  let parts: Parts;
  const queues: Queue[] = [];
  beforeAll(async () => {
    if (redis) {
      const prefix = `foreign-${randomUUID()}`;
      queues.push(new Queue('looked-at', { connection: { url: redis }, prefix }));
    }
    parts = await startParts(undefined, {
      boards: queues.map((queue) => new BullMQAdapter(queue)),
    });
    await parts.database.eventStore.append('read', [requested()]);
  });
  afterAll(async () => {
    await parts?.stop();
    for (const queue of queues) {
      await queue.obliterate({ force: true });
      await queue.close();
    }
  });

  it('refuses on every route a Host header that a page rebound to this machine sends', async () => {
    const routes = parts.app.routeList.flatMap(({ method, url }) =>
      [method].flat().map((one) => [one, url.replace(/:[a-zA-Z]+/g, 'x')] as const),
    );
    expect(routes.length).toBeGreaterThan(20);
    for (const [method, path] of [...routes, ['GET', '/api/nothing'], ['DELETE', '/health/live']]) {
      const { status } = await call(parts.api.url + path, REBOUND, method);
      expect(status, `${method} ${path}`).toBe(403);
    }
    const answer = await call(`${parts.api.url}/api/process`, REBOUND);
    expect(answer.type).toBe('urn:fastify-camunda:problem:forbidden');
    expect(answer.detail).toMatch(/the Host header.*Call the service as localhost/);
  });

  it('refuses it for an event stream, too', async () => {
    const url = `${parts.api.url}/api/process/read/events`;
    const accept = { accept: 'text/event-stream' };
    expect((await call(url, { ...accept, ...REBOUND })).status).toBe(403);
    expect((await call(url, accept, 'GET', false)).status).toBe(200);
  });

  it.each([
    'attacker.example',
    '127.0.0.1.attacker.example',
    'localhost.attacker.example:3000',
    'attacker.example:127.0.0.1',
    'localhost@attacker.example',
    '10.0.0.1:3000',
    '0.0.0.0:3000',
    '[::2]:3000',
    '[attacker.example]',
    '127.0.0.1, attacker.example',
  ])('refuses the Host header "%s"', async (host) => {
    expect((await call(`${parts.api.url}/api/process`, { host })).status).toBe(403);
  });

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1:3000', '127.8.9.10', '[::1]:3000', '[::1]'])(
    'serves the Host header "%s"',
    async (host) => {
      expect((await call(`${parts.api.url}/api/process`, { host })).status).toBe(200);
    },
  );

  it.each([
    ['https://attacker.example', 403],
    ['http://localhost.attacker.example', 403],
    ['http://localhost@attacker.example', 403],
    ['null', 403],
    ['file://', 403],
    ['', 403],
    ['localhost', 403],
    ['http://localhost:5173', 200],
    ['http://127.0.0.1', 200],
    ['http://[::1]:8080', 200],
  ])('answers the Origin header "%s" with %i', async (origin, status) => {
    expect((await call(`${parts.api.url}/api/process`, { origin })).status).toBe(status);
  });

  it('refuses what a browser says comes from a page of another site, but lets links be followed', async () => {
    const url = `${parts.api.url}/documentation/json`;
    const site = { 'sec-fetch-site': 'cross-site' };
    expect((await call(url, site)).status).toBe(403);
    const link = { ...site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await call(url, link)).status).toBe(200);
    expect((await call(url, { ...link, 'sec-fetch-dest': 'iframe' })).status).toBe(403);
    const change = `${parts.api.url}/api/process/x/cancel`;
    expect((await call(change, link, 'POST')).status).toBe(403);
    expect((await call(url, { 'sec-fetch-site': 'none' })).status).toBe(200);
  });
});

describe('a service that asks for a credential', () => {
  const { made, makeAccess } = accessWithKeys({ admin: ['admin'] });
  let parts: Parts;
  const key = () => bearer({ text: made.admin?.text ?? '' });
  beforeAll(async () => {
    parts = await startParts(undefined, {
      makeAccess,
      get headers() {
        return key();
      },
    });
  });
  afterAll(() => parts?.stop());

  it('is called by any name it has', async () => {
    const { url } = parts.api;
    const there = { host: 'processes.example.com', origin: 'https://processes.example.com' };
    expect((await call(`${url}/api/process`, { ...there, ...key() })).status).toBe(200);
    expect((await call(`${url}/health/live`, there)).status).toBe(200);
    expect((await call(`${url}/api/process`, there)).status).toBe(401);
  });
});
