import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Audit } from '../../../domain/process/events.ts';
import type { HttpCall } from '../../../domain/steps/define-process.ts';
import { createStepHttp } from '../../../infrastructure/http/step-http.ts';
import { freePort } from '../../support/children.ts';

/** Answers `/status/<code>` with that status, and keeps what it received; `/silent` never answers. */
describe('the HTTP client of a step', () => {
  const received: { request: IncomingMessage; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ request, body });
    const path = request.url ?? '';
    if (path === '/silent') return;
    if (path === '/text') return void response.end('plain words');
    const status = Number(/^\/status\/(\d+)/.exec(path)?.[1] ?? 200);
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"secret":"s3cret"}');
  });
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  function client(signal: AbortSignal = new AbortController().signal) {
    const audit: Audit = { targetSystem: 'Partner' };
    const headers = {
      'idempotency-key': 'task-1',
      'x-correlation-id': 'c1',
      traceparent: '00-1-2-01',
    };
    const http = createStepHttp({ audit, headers, signal });
    return { audit, http };
  }

  it('sends JSON with the idempotency key, the correlation id and the trace', async () => {
    const { http } = client();
    await http({ method: 'POST', url: `${url}/things`, body: { a: 1 }, headers: { 'x-own': 'y' } });
    const last = received.at(-1);
    expect(last?.body).toBe('{"a":1}');
    expect(last?.request).toMatchObject({
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': 'task-1',
        'x-correlation-id': 'c1',
        traceparent: '00-1-2-01',
        'x-own': 'y',
      },
    });
  });

  it('audits its last call: method, endpoint without query and credentials, status', async () => {
    const { http, audit } = client();
    await http({ url: `${url}/first` });
    await http({ method: 'PATCH', url: `${url}/status/404?token=s3cret#part` });
    expect(audit).toEqual({
      targetSystem: 'Partner',
      httpMethod: 'PATCH',
      endpoint: `${url}/status/404`,
      httpStatusCode: 404,
    });
  });

  it.each([200, 201, 301, 400, 401, 404, 409, 422])('returns an answer of %d', async (status) => {
    const { http } = client();
    const answer = await http({ url: `${url}/status/${status}` });
    expect(answer).toEqual({ status, body: { secret: 's3cret' } });
  });

  it('returns the text of an answer that is not JSON', async () => {
    expect(await client().http({ url: `${url}/text` })).toEqual({
      status: 200,
      body: 'plain words',
    });
  });

  it.each([408, 425, 429, 500, 502, 503])(
    'throws a transient error for %d, with nothing of the body in it',
    async (status) => {
      const { http, audit } = client();
      const call: HttpCall = {
        method: 'POST',
        url: `${url}/status/${status}?token=s3cret`,
        body: {},
      };
      const error = await http(call).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: `REMOTE_${status}`,
        message: `POST ${url}/status/${status} answered ${status}`,
      });
      expect(audit.httpStatusCode).toBe(status);
    },
  );

  it('throws REMOTE_UNREACHABLE when nobody listens; the audit keeps no status of an earlier call', async () => {
    const { http, audit } = client();
    await http({ url: `${url}/first` });
    const nobody = `http://127.0.0.1:${await freePort()}`;
    await expect(http({ url: `${nobody}/x?token=s3cret` })).rejects.toMatchObject({
      code: 'REMOTE_UNREACHABLE',
      message: `GET ${nobody}/x got no answer`,
    });
    expect(audit.endpoint).toBe(`${nobody}/x`);
    expect(audit).not.toHaveProperty('httpStatusCode');
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    const call = client(controller.signal).http({ url: `${url}/silent` });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'REMOTE_UNREACHABLE' });
  });
});
