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

describe('the engine port', () => {
  let server: Server;
  let baseUrl = '';
  let usual: RestEngine;
  /** Does not wait long for an answer. */
  let hasty: RestEngine;
  /** The one that is called. */
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
    const auth = basicAuth('demo', 'päss');
    engine = usual = createRestEngine({ baseUrl, auth });
    hasty = createRestEngine({ baseUrl, auth, timeoutMs: 300 });
  });
  afterAll(async () => {
    await Promise.all([usual.close(), hasty.close()]);
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

  describe.each(everyCall)('in the call $name', ({ call }) => {
    it.each([500, 502, 503, 504, 401, 403, 408, 429])(
      'takes an answer of %d for an unavailable engine',
      async (status) => {
        answer = { status, body: errorBody('why not') };
        const called = call();
        await expect(called).rejects.toThrow(EngineUnavailableError);
        await expect(called).rejects.toThrow(`the engine answered ${status}: why not`);
      },
    );

    it.each([400, 409, 415, 422])('takes an answer of %d for a refusal', async (status) => {
      answer = { status, body: errorBody('why not') };
      const called = call();
      await expect(called).rejects.toThrow(EngineRefusedError);
      await expect(called).rejects.toMatchObject({ httpStatus: status, message: 'why not' });
    });

    it('takes a missing answer for an unavailable engine, and does not wait without end', async () => {
      answer = 'silence';
      engine = hasty;
      const called = call();
      engine = usual;
      await expect(called).rejects.toThrow(EngineUnavailableError);
    });

    it('takes a closed connection for an unavailable engine', async () => {
      answer = 'hang up';
      await expect(call()).rejects.toThrow(EngineUnavailableError);
    });
  });

  it('takes an engine that is not there for unavailable, with its address and the cause', async () => {
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

  it('takes 404 for a refusal, but what was to be cancelled is gone then', async () => {
    answer = { status: 404, body: errorBody('No matching process definition') };
    await expect(calls.start()).rejects.toMatchObject({ httpStatus: 404 });
    await expect(calls.cancel()).resolves.toBeUndefined();
  });

  it('asks which instances wait for people in a few calls, however many they are', async () => {
    answer = { status: 200, body: '[]' };
    seen = [];
    const ids = Array.from({ length: 200 }, (_, at) => `instance-${at}`);
    expect(await engine.findWaitingForPeople(ids)).toEqual([]);
    expect(seen.length).toBeLessThanOrEqual(5);
  });

  it('answers false when nothing waits for a message', async () => {
    answer = { status: 200, body: '[]' };
    expect(await calls.correlate()).toBe(false);
  });

  it('gives an answer that is not JSON as the reason', async () => {
    answer = { status: 502, body: '<html>Bad Gateway</html>' };
    await expect(calls.version()).rejects.toThrow('answered 502: <html>Bad Gateway</html>');
    answer = { status: 400, body: '' };
    await expect(calls.start()).rejects.toThrow('no reason given');
  });

  describe('after an exception of the engine', () => {
    const changes = Object.entries(calls).filter(
      ([name]) => name !== 'findInstances' && name !== 'version',
    );
    const WAITING = { status: 200, body: '[{"id":"e","processInstanceId":"instance"}]' };
    /** Answers 500 to changes, and the given answer to a read. */
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

    it.each(changes)(
      'reports a refusal when every attempt at %s meets it while the engine works otherwise',
      async (_, call) => {
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
      },
    );

    it('has done the call when only some attempts meet it', async () => {
      failing({ status: 200, body: '[]' }, 3);
      await expect(calls.start()).resolves.toBe('i');
      failing({ status: 200, body: '[]' }, 5);
      await expect(calls.start()).resolves.toBe('i');
    });

    it.each([500, 502, 503, 404])(
      'reports an unavailable engine when its next look is answered %d, for the database is away',
      async (status) => {
        failing({ status, body: '<html>away</html>' });
        await expect(calls.start()).rejects.toThrow(EngineUnavailableError);
      },
    );

    it('reports an unavailable engine when transactions meet, however often they do', async () => {
      const conflict = errorBody('ENGINE-03005 Execution was updated by another transaction');
      answer = ({ method }) =>
        method === 'GET' ? { status: 200, body: '[]' } : { status: 500, body: conflict };
      await expect(calls.start()).rejects.toThrow(EngineUnavailableError);
    });
  });

  it.each([500, 404, 302])(
    'takes a page of a proxy that answers %d for an unavailable engine',
    async (status) => {
      answer = { status, body: '<html>not here</html>' };
      for (const call of [calls.start, calls.cancel, calls.correlate]) {
        await expect(call()).rejects.toThrow(EngineUnavailableError);
      }
    },
  );

  // A proxy's page, for example: no reason to think that the engine received the start.
  it('takes an answer 200 that is not JSON for an unavailable engine', async () => {
    answer = { status: 200, body: '<html>Log in</html>' };
    await expect(calls.version()).rejects.toThrow(EngineUnavailableError);
    await expect(calls.start()).rejects.toThrow(EngineUnavailableError);
  });

  it('sends the credentials that the engine asks for, and escapes names in paths', async () => {
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
