import { randomUUID } from 'node:crypto';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RouteScope, SCOPES } from '../../../domain/access/access.ts';
import { accessWithKeys, basic, bearer } from '../../support/access.ts';
import { operationsOf } from '../../support/documented-answers.ts';
import { serverUrl } from '../../support/servers.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

/**
 * What load balancers ask, the console's own files, which hold no data, and who signs in. Nothing else answers those who
 * show nothing.
 */
const OPEN = [
  '/',
  '/console',
  '/console/index.css',
  '/console/session',
  '/health/live',
  '/health/ready',
];

const redisUrl = await serverUrl('redis');
const boardKinds = [
  { name: 'without a Redis', redis: null },
  ...(redisUrl ? [{ name: 'with Bull Board on a Redis', redis: redisUrl }] : []),
];

describe.each(boardKinds)('every route, $name,', ({ redis }) => {
  const { made, makeAccess } = accessWithKeys({
    admin: ['admin'],
    // A caller with every scope but that one.
    ...Object.fromEntries(
      SCOPES.map((scope) => [
        `all but ${scope}`,
        SCOPES.filter((other) => other !== scope && other !== 'admin'),
      ]),
    ),
    ...Object.fromEntries(SCOPES.map((scope) => [`only ${scope}`, [scope]])),
  });
  let parts: Parts;
  const queues: Queue[] = [];
  beforeAll(async () => {
    if (redis) {
      const prefix = `access-${randomUUID()}`;
      queues.push(new Queue('looked-at', { connection: { url: redis }, prefix }));
    }
    parts = await startParts(undefined, {
      boards: queues.map((queue) => new BullMQAdapter(queue)),
      makeAccess: (store) => makeAccess(store),
      get headers() {
        return bearer(key('admin'));
      },
    });
  });
  afterAll(async () => {
    await parts?.stop();
    for (const queue of queues) {
      await queue.obliterate({ force: true });
      await queue.close();
    }
  });

  const key = (name: string) => made[name] ?? { text: `no key ${name}` };

  /** Each method and path once, with values for its parameters. */
  const routes = () =>
    parts.app.routeList.flatMap(({ method, url, config }) =>
      [method].flat().map((one) => ({
        method: one,
        path: url.replace(/:[a-zA-Z]+/g, 'x').replace('*', 'index.css'),
        scope: config?.scope as RouteScope,
      })),
    );
  const guarded = () => routes().filter(({ scope }) => scope !== 'open');

  function call(method: string, path: string, headers: Record<string, string>) {
    return fetch(parts.api.url + path, { method, headers, redirect: 'manual' });
  }

  it('states what it asks of its caller: only health, the files of the console and the sign-in ask nothing', () => {
    expect(routes().length).toBeGreaterThan(15);
    expect(routes().filter(({ scope }) => scope === undefined)).toEqual([]);
    const open = routes().filter(({ scope }) => scope === 'open');
    expect([...new Set(open.map(({ path }) => path))].sort()).toEqual(OPEN);
    const paths = routes().map(({ path }) => path);
    const wanted = ['/documentation', '/documentation/json', '/api/process/x/events'];
    if (redis) wanted.push('/admin/queues/api/queues');
    for (const path of wanted) {
      expect(
        paths.some((one) => one.replace(/\/$/, '') === path),
        path,
      ).toBe(true);
    }
  });

  it('answers 401 without a credential, as a problem with the fitting challenge', async () => {
    for (const { method, path } of guarded()) {
      const answer = await call(method, path, {});
      expect(answer.status, `${method} ${path}`).toBe(401);
      const challenge = /^\/(api\/|console\/|engine-rest\/|metrics$)/.test(path)
        ? 'Bearer'
        : 'Basic';
      expect(answer.headers.get('www-authenticate'), path).toMatch(
        new RegExp(`^${challenge} realm="fastify-camunda"`),
      );
      const isOfEngine = path.startsWith('/engine-rest/');
      const type = isOfEngine ? 'application/json' : 'application/problem+json';
      expect(answer.headers.get('content-type'), path).toContain(type);
      if (method === 'HEAD') continue;
      expect(((await answer.json()) as { type: string }).type).toBe(
        isOfEngine ? 'AuthorizationException' : 'urn:fastify-camunda:problem:unauthorized',
      );
    }
  });

  it('answers 403 to a caller who has every scope but the one it asks, and names that one', async () => {
    for (const { method, path, scope } of guarded()) {
      if (scope === 'any') continue;
      const answer = await call(method, path, bearer(key(`all but ${scope}`)));
      expect(answer.status, `${method} ${path}`).toBe(403);
      expect(answer.headers.get('www-authenticate')).toContain(
        `error="insufficient_scope", scope="${scope}"`,
      );
    }
  });

  it('lets in a caller with its scope, and admin everywhere; any key where any will do', async () => {
    for (const { method, path, scope } of guarded()) {
      const names = scope === 'any' ? ['only events:read', 'admin'] : [`only ${scope}`, 'admin'];
      for (const name of names) {
        for (const headers of [bearer(key(name)), basic(key(name))]) {
          const answer = await call(method, path, headers);
          expect([401, 403], `${method} ${path} by ${name}`).not.toContain(answer.status);
        }
      }
    }
  });

  it('answers 401 for unknown paths, too, so that they cannot be told from known ones', async () => {
    expect((await call('GET', '/api/nothing-here', {})).status).toBe(401);
    expect((await call('GET', '/api/nothing-here', bearer(key('admin')))).status).toBe(404);
  });

  it('has an event stream that asks the same as the rest', async () => {
    const headers = { accept: 'text/event-stream' };
    expect((await call('GET', '/api/process/x/events', headers)).status).toBe(401);
    const wrong = { ...headers, ...bearer(key('only process:read')) };
    expect((await call('GET', '/api/process/x/events', wrong)).status).toBe(403);
    const right = { ...headers, ...bearer(key('only events:read')) };
    expect((await call('GET', '/api/process/x/events', right)).status).toBe(404);
  });

  it('is in the document with its scope, and with 401 and 403', () => {
    const { document } = parts.api;
    const schemes = Object.keys(document.components.securitySchemes);
    expect(schemes).toEqual(['bearer', 'apiKey', 'basic', 'session']);
    for (const { path, method, operation } of operationsOf(document)) {
      const route = parts.app.routeList.find(
        ({ url, method: one }) =>
          url.replace(/:([a-zA-Z]+)/g, '{$1}') === path &&
          [one].flat().includes(method.toUpperCase()),
      );
      const scope = route?.config?.scope;
      if (scope === 'open') {
        expect(operation.security, path).toEqual([]);
        continue;
      }
      const roles = scope === 'any' ? [] : [scope];
      expect(operation.security, path).toEqual(schemes.map((name) => ({ [name]: roles })));
      expect(Object.keys(operation.responses), path).toEqual(
        expect.arrayContaining(['401', '403']),
      );
    }
  });
});
