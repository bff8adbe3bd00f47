import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineRefusedError, EngineUnavailableError } from '../../../domain/common/errors.ts';
import { basicAuth } from '../../../infrastructure/camunda/engine-auth.ts';
import { createRestEngine, type RestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { freePort } from '../../support/children.ts';

interface Seen {
  method: string | undefined;
  url: string | undefined;
  authorization: string | undefined;
}

describe('the engine port on an engine that', () => {
  let server: Server;
  let baseUrl = '';
  let engine: RestEngine;
  type Reply = { status: number; body: string } | 'silence' | 'hang up';
  let answer: Reply | ((asked: Seen) => Reply) = 'silence';
  let seen: Seen[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const { method, url, headers } = request;
      const asked = { method, url, authorization: headers.authorization };
      seen.push(asked);
      request.resume();
      const reply = typeof answer === 'function' ? answer(asked) : answer;
      if (reply === 'hang up') request.socket.destroy();
      if (typeof reply === 'string') return;
      response.writeHead(reply.status, { 'content-type': 'application/json' }).end(reply.body);
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
        const called = call();
        await expect(called).rejects.toThrow(EngineUnavailableError);
        await expect(called).rejects.toThrow(`the engine answered ${status}: why not`);
      },
    );

    it.each([400, 409, 415, 422])('answers %d has refused', async (status) => {
      answer = { status, body: errorBody('why not') };
      const called = call();
      await expect(called).rejects.toThrow(EngineRefusedError);
      await expect(called).rejects.toMatchObject({ httpStatus: status, message: 'why not' });
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

  describe('meets an exception of its own', () => {
    const changes = Object.entries(calls).filter(
      ([name]) => name !== 'findInstances' && name !== 'version',
    );
    const WAITING = { status: 200, body: '[{"id":"e","processInstanceId":"instance"}]' };
    /** Answers 500 to changes, and to a look at the engine what it is told to. */
    const failing = (probe: { status: number; body: string }, changesLeft = Infinity) => {
      let left = changesLeft;
      answer = ({ method, url }) => {
        if (url?.includes('/execution?')) return WAITING;
        if (method === 'GET') return probe;
        return left-- > 0
          ? { status: 500, body: errorBody("Cannot resolve identifier 'amount'") }
          : { status: 200, body: '{"id":"i"}' };
      };
    };

    it.each(changes)('in every attempt at %s, though it works: has refused', async (_, call) => {
      failing({ status: 200, body: '[]' });
      seen = [];
      const called = call();
      await expect(called).rejects.toThrow(EngineRefusedError);
      const methods = seen
        .filter(({ url }) => !url?.includes('/execution?'))
        .map(({ method }) => (method === 'GET' ? 'look' : 'try'));
      expect(methods).toEqual([...Array(5).fill('try'), 'look', 'try']);
      await expect(called).rejects.toMatchObject({
        httpStatus: 500,
        message: "Cannot resolve identifier 'amount'",
      });
    });

    it('in some attempts only: the call is done', async () => {
      failing({ status: 200, body: '[]' }, 3);
      await expect(calls.start()).resolves.toBe('i');
      failing({ status: 200, body: '[]' }, 5);
      await expect(calls.start()).resolves.toBe('i');
    });

    it.each([500, 502, 503, 404])(
      'and answers a look at it %d: its database is away, so it is unavailable',
      async (status) => {
        failing({ status, body: '<html>away</html>' });
        await expect(calls.start()).rejects.toThrow(EngineUnavailableError);
      },
    );

    it('because transactions meet: it is unavailable however often they do', async () => {
      const conflict = errorBody('ENGINE-03005 Execution was updated by another transaction');
      answer = ({ method }) =>
        method === 'GET' ? { status: 200, body: '[]' } : { status: 500, body: conflict };
      await expect(calls.start()).rejects.toThrow(EngineUnavailableError);
    });
  });

  it.each([500, 404, 302])(
    'is behind somebody who answers %d with a page of its own is unavailable',
    async (status) => {
      answer = { status, body: '<html>not here</html>' };
      for (const call of [calls.start, calls.cancel, calls.correlate]) {
        await expect(call()).rejects.toThrow(EngineUnavailableError);
      }
    },
  );

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
