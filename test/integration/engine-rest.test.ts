import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineRefusedError, EngineUnavailableError } from '../../domain/errors.ts';
import { basicAuth } from '../../infrastructure/engine/engine-auth.ts';
import { createRestEngine, type RestEngine } from '../../infrastructure/engine/rest-engine.ts';
import { freePort } from '../support/children.ts';

interface Seen {
  method: string | undefined;
  url: string | undefined;
  authorization: string | undefined;
}

describe('the engine port on an engine that', () => {
  let server: Server;
  let baseUrl = '';
  let engine: RestEngine;
  let answer: { status: number; body: string } | 'silence' | 'hang up' = 'silence';
  let seen: Seen[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const { method, url, headers } = request;
      seen.push({ method, url, authorization: headers.authorization });
      request.resume();
      if (answer === 'hang up') request.socket.destroy();
      if (typeof answer === 'string') return;
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    baseUrl = `http://127.0.0.1:${address.port}/engine-rest`;
    engine = createRestEngine({ baseUrl, auth: basicAuth('demo', 'päss'), timeoutMs: 300 });
  });
  afterAll(async () => {
    await engine.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const errorBody = (message: string): string =>
    JSON.stringify({ type: 'RestException', message, code: 0 });
  const calls = {
    start: () => engine.start('p', 'business', {}),
    deploy: () => engine.deploy('p', [{ fileName: 'p.bpmn', content: '<x/>' }]),
    findInstances: () => engine.findInstances('p', 'business'),
    cancel: () => engine.cancel('instance'),
    correlate: () => engine.correlate('message', 'instance', {}),
    version: () => engine.version(),
  };
  const everyCall = Object.entries(calls).map(([name, call]) => ({ name, call }));

  describe.each(everyCall)('$name', ({ call }) => {
    it.each([500, 502, 503, 504, 401, 403, 408, 429])(
      'answers %d is unavailable',
      async (status) => {
        answer = { status, body: errorBody('why not') };
        await expect(call()).rejects.toThrow(EngineUnavailableError);
        await expect(call()).rejects.toThrow(`the engine answered ${status}: why not`);
      },
    );

    it.each([400, 409, 415, 422])('answers %d has refused', async (status) => {
      answer = { status, body: errorBody('why not') };
      await expect(call()).rejects.toThrow(EngineRefusedError);
      await expect(call()).rejects.toMatchObject({ httpStatus: status, message: 'why not' });
    });

    it('does not answer is unavailable, and it is not waited for without end', async () => {
      answer = 'silence';
      await expect(call()).rejects.toThrow(EngineUnavailableError);
    });

    it('hangs up is unavailable', async () => {
      answer = 'hang up';
      await expect(call()).rejects.toThrow(EngineUnavailableError);
    });
  });

  it('is not there is unavailable, with its address and the cause', async () => {
    const port = await freePort();
    const away = createRestEngine({ baseUrl: `http://127.0.0.1:${port}/engine-rest/` });
    const starting = away.start('p', 'business', {});
    await expect(starting).rejects.toThrow(EngineUnavailableError);
    await expect(starting).rejects.toMatchObject({
      message: `the engine at http://127.0.0.1:${port}/engine-rest cannot be reached`,
      cause: { code: 'ECONNREFUSED' },
    });
    await away.close();
  });

  it('answers 404 has refused, but what was to be cancelled is gone then', async () => {
    answer = { status: 404, body: errorBody('No matching process definition') };
    await expect(calls.start()).rejects.toMatchObject({ httpStatus: 404 });
    await expect(calls.cancel()).resolves.toBeUndefined();
  });

  it('knows of nothing that waits for a message says false', async () => {
    answer = { status: 200, body: '[]' };
    expect(await calls.correlate()).toBe(false);
  });

  it('answers with something that is no JSON gives its words as the reason', async () => {
    answer = { status: 502, body: '<html>Bad Gateway</html>' };
    await expect(calls.version()).rejects.toThrow('answered 502: <html>Bad Gateway</html>');
    answer = { status: 400, body: '' };
    await expect(calls.start()).rejects.toThrow('no reason given');
  });

  // A proxy's page, for example: no reason to think that the start was heard.
  it('answers 200 with something that is no JSON is unavailable', async () => {
    answer = { status: 200, body: '<html>Log in</html>' };
    await expect(calls.version()).rejects.toThrow(EngineUnavailableError);
    await expect(calls.start()).rejects.toThrow(EngineUnavailableError);
  });

  it('asks who calls is told, and names in paths are escaped', async () => {
    answer = { status: 200, body: '{"id":"i"}' };
    seen = [];
    await engine.start('a/b c', 'business', {});
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/engine-rest/process-definition/key/a%2Fb%20c/start',
        authorization: `Basic ${Buffer.from('demo:päss').toString('base64')}`,
      },
    ]);
  });
});
