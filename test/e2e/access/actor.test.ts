import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bearer,
  type IdentityProvider,
  makeKey,
  startIdentityProvider,
} from '../../support/access.ts';
import { until } from '../../support/children.ts';
import { readExport } from '../../support/exported.ts';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../../support/service.ts';
import { type EventBody, expectProblem } from '../../support/service-api.ts';
import { followEvents } from '../../support/sse.ts';

type Headers = Record<string, string>;

describe('the actor of an event', () => {
  let folder: Folder;
  let idp: IdentityProvider;
  let service: TestService;
  const callers: Record<string, Headers> = {};
  beforeAll(async () => {
    folder = createFolder();
    idp = await startIdentityProvider();
    for (const name of ['starter', 'operator']) {
      callers[name] = bearer(
        await makeKey(folder, name, ['process:start', 'process:read', 'events:read']),
      );
    }
    service = await startTestService(
      {
        AUTH: 'on',
        JWT_JWKS_URL: idp.jwksUrl,
        JWT_ISSUER: idp.issuer,
        JWT_AUDIENCE: idp.audience,
      },
      folder,
      callers.operator,
    );
  });
  afterAll(async () => {
    await service?.stop();
    await idp?.stop();
    folder?.remove();
  });

  const start = (key: string, variables: object, id: string, headers: Headers) =>
    service.api.start(
      key,
      variables,
      { correlationId: id },
      { prefer: 'respond-async', ...headers },
    );
  const events = async (id: string): Promise<EventBody[]> =>
    (await service.api.get(`/api/process/${id}/events`)).body.events;
  /** Which types of events had which actor. */
  const actors = async (id: string): Promise<Record<string, string | undefined>> =>
    Object.fromEntries((await events(id)).map(({ type, actor }) => [type, actor]));
  async function hold(id: string): Promise<void> {
    await start('gated', { gate: id }, id, callers.starter ?? {});
    await until(async () => (await service.api.status(id)).body.processInstanceId, 'it runs');
  }
  const post = (path: string, json: object, headers = callers.operator) =>
    service.api.post(path, { json, headers: headers ?? {} });

  it('G15: is the caller who cancels, not the one who started; an event without a caller has none', async () => {
    await hold('cancelled');
    expect((await post('/api/process/cancelled/cancel', { reason: 'twice' })).status).toBe(200);
    folder.open('cancelled');
    expect(await actors('cancelled')).toMatchObject({
      'process-requested': 'starter',
      'process-started': undefined,
      'process-cancelled': 'operator',
    });
    const [first, ...rest] = await events('cancelled');
    for (const event of rest) expect(event.identity).toEqual(first?.identity);
    expect(rest.find(({ type }) => type === 'process-cancelled')?.audit).toMatchObject({
      httpMethod: 'POST',
      endpoint: '/api/process/:correlationId/cancel',
    });
  });

  it('G15: is the caller who completes, well or in an error, not the one who started', async () => {
    for (const [id, end, type] of [
      ['well', { status: 'ok', result: 1 }, 'process-completed'],
      ['ill', { status: 'error', error: { code: 'NO', message: 'no' } }, 'process-failed'],
    ] as const) {
      await hold(id);
      await post('/api/process/complete', { correlationId: id, ...end });
      folder.open(id);
      expect(await actors(id)).toMatchObject({
        'process-requested': 'starter',
        [type]: 'operator',
      });
      const ended = (await events(id)).find((event) => event.type === type);
      expect(ended?.audit).toMatchObject({ endpoint: '/api/process/complete' });
    }
  });

  it('G15: is the caller who retries; the failure before and the steps after have none', async () => {
    await start('mendable', { file: 'mended' }, 'retried', callers.starter ?? {});
    const ended = await service.api.status('retried', { prefer: 'wait=20' });
    expect(ended.body.error?.code).toBe('AWAY');
    folder.open('mended');
    expect((await post('/api/process/retried/retry', {})).status).toBe(200);
    expect(await actors('retried')).toEqual({
      'process-requested': 'starter',
      'process-started': undefined,
      'step-completed': undefined,
      'step-failed': undefined,
      'process-failed': undefined,
      'process-retried': 'operator',
      'process-completed': undefined,
    });
  });

  it('G15: is the caller whose message was taken, in an event with the names of its variables alone', async () => {
    await start('listening', {}, 'told', callers.starter ?? {});
    const message = { messageName: 'go-on', variables: { word: 'a secret', other: 1 } };
    await until(
      async () => (await post('/api/process/told/message', message)).status === 204,
      'the message is taken',
    );
    const delivered = (await events('told')).filter(({ type }) => type === 'message-delivered');
    expect(delivered).toMatchObject([
      {
        actor: 'operator',
        data: { messageName: 'go-on', variableNames: ['word', 'other'] },
        audit: {
          httpMethod: 'POST',
          endpoint: '/api/process/:correlationId/message',
          httpStatusCode: 204,
        },
      },
    ]);
    expect(JSON.stringify(delivered)).not.toContain('a secret');
    const { body } = await service.api.status('told', { prefer: 'wait=20' });
    expect(body).toMatchObject({ status: 'ok', result: { word: 'a secret' } });
    await until(async () => {
      const { version } = (await service.api.status('told')).body;
      return version === (await events('told')).length;
    }, 'the status has seen the event');
  });

  it('G15: is the subject of a token unchanged, whatever its letters', async () => {
    for (const sub of ['Zoë Müller', '学生-17', 'ada@example.com', '😀'.repeat(255)]) {
      const authorization = `Bearer ${await idp.token({ claims: { sub } })}`;
      const id = `of-${Buffer.from(sub).toString('hex').slice(0, 40)}`;
      expect(
        (await start('instant', { userId: '1', email: 'x' }, id, { authorization })).status,
      ).toBe(202);
      expect((await actors(id))['process-requested']).toBe(sub);
    }
  });

  it('G15: cannot be forged: a token is refused when its subject cannot be named in full or is "local"', async () => {
    for (const sub of ['x'.repeat(256), 'local', 'a\u0000b', 'half \ud83d']) {
      const authorization = `Bearer ${await idp.token({ claims: { sub } })}`;
      const answer = await start('instant', { userId: '1', email: 'x' }, 'refused', {
        authorization,
      });
      expect(answer.status, JSON.stringify(sub)).toBe(401);
    }
  });

  it('G15: is in the trace, the feed, both event streams and every export', async () => {
    const traceabilityId = 'trace-of-actors';
    const more = { correlationId: 'shown', traceabilityId };
    await service.api.start('gated', { gate: 'shown' }, more, {
      prefer: 'respond-async',
      ...callers.starter,
    });
    await post('/api/process/shown/cancel', {});
    folder.open('shown');
    const expected = { 'process-requested': 'starter', 'process-cancelled': 'operator' };
    const shown = (list: readonly { type?: unknown; event_type?: unknown; actor?: unknown }[]) =>
      Object.fromEntries(
        list
          .map((event) => [String(event.type ?? event.event_type), event.actor])
          .filter(([type]) => String(type) in expected),
      );
    const { body: trace } = await service.api.get(`/api/event-log/${traceabilityId}`);
    expect(shown(trace.events)).toEqual(expected);
    const filter = 'correlationId=shown';
    const { body: feed } = await service.api.get(`/api/events?${filter}`);
    expect(shown(feed.events)).toEqual(expected);
    for (const path of ['/api/process/shown/events', `/api/events?${filter}`]) {
      const followed = await followEvents(service.url + path, undefined, callers.operator);
      await until(async () => followed.events.length >= 2, 'the events have come');
      await until(
        async () => followed.events.some(({ type }) => type === 'process-cancelled'),
        'the end has come',
      );
      followed.close();
      expect(shown(followed.events.flatMap(({ data }) => data ?? []))).toEqual(expected);
    }
    for (const format of ['ndjson', 'csv', 'parquet'] as const) {
      const answer = await fetch(`${service.url}/api/events?${filter}&format=${format}`, {
        headers: callers.operator ?? {},
      });
      const rows = await readExport(format, Buffer.from(await answer.arrayBuffer()));
      expect(shown(rows), format).toEqual(expected);
    }
  });

  it('G15: is replaced by no field of a body', async () => {
    await hold('forged');
    for (const [path, body] of [
      ['start', { processKey: 'instant', actor: 'mallory' }],
      ['complete', { correlationId: 'forged', status: 'ok', actor: 'mallory' }],
      ['forged/cancel', { reason: 'x', actor: 'mallory' }],
      ['forged/retry', { reason: 'x', actor: 'mallory' }],
      ['forged/message', { messageName: 'go-on', actor: 'mallory' }],
    ] as const) {
      const answer = await post(`/api/process/${path}`, body);
      expect(answer.status, path).toBe(400);
      expectProblem(answer, 'invalid-request', /actor/);
    }
    folder.open('forged');
  });
});

describe('the actor of an event without access control', () => {
  it('G15: is "local"', async () => {
    const service = await startTestService();
    try {
      await service.api.start(
        'instant',
        { userId: '1', email: 'x' },
        { correlationId: 'open', applicationId: 'mallory' },
      );
      const { body } = await service.api.get('/api/process/open/events');
      expect(body.events.map(({ type, actor }) => [type, actor])).toEqual([
        ['process-requested', 'local'],
        ['process-started', undefined],
        ['step-completed', undefined],
        ['process-completed', undefined],
      ]);
    } finally {
      await service.stop();
      service.folder.remove();
    }
  });
});
