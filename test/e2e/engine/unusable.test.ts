import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../../support/access.ts';
import { freePort } from '../../support/children.ts';
import { realEngines } from '../../support/servers.ts';
import { countEvents, createFolder, type Folder, startTestService } from '../../support/service.ts';

const SECRET = 's3cret';
const basic = { CAMUNDA_USERNAME: 'demo', CAMUNDA_PASSWORD: SECRET };
const oauth = {
  CAMUNDA_OAUTH_TOKEN_URL: 'http://PLAIN/granted',
  CAMUNDA_OAUTH_CLIENT_ID: 'service',
  CAMUNDA_OAUTH_CLIENT_SECRET: SECRET,
};

interface Case {
  what: string;
  /** `PLAIN`, `TLS` and `NOBODY` stand for the servers of this test. */
  env: Record<string, string>;
  says: RegExp;
  /** It is only away: the service starts and says so in its readiness. */
  waits?: true;
}

/** What each path of a neighbour answers, `/version` below it included. */
const answers: Record<string, [status: number, type: string, body: string]> = {
  locked: [401, 'text/plain', ''],
  forbidden: [403, 'application/json', '{"message":"not allowed"}'],
  lost: [404, 'text/html', '<html>\n<h1>Not Found</h1></html>'],
  page: [200, 'text/html', '<html>Welcome</html>'],
  broken: [503, 'application/json', '{"type":"RestException","message":"no database"}'],
  moved: [302, 'text/plain', ''],
  granted: [200, 'application/json', '{"access_token":"t","token_type":"bearer"}'],
  stranger: [401, 'application/json', '{"error":"invalid_client"}'],
  narrow: [400, 'application/json', '{"error":"invalid_scope"}'],
  target: [400, 'application/json', '{"error":"invalid_target"}'],
};

const cases: Case[] = [
  {
    what: 'a port where nobody listens',
    env: { CAMUNDA_BASE_URL: 'http://NOBODY/engine-rest' },
    says: /^CAMUNDA_BASE_URL: nothing listens at http:\/\/NOBODY\/engine-rest \(ECONNREFUSED\); start the engine there, or change the URL$/,
    waits: true,
  },
  {
    what: 'a host that is not known',
    env: { CAMUNDA_BASE_URL: 'http://no-such-host.invalid:8080/engine-rest', ...basic },
    says: /^CAMUNDA_BASE_URL: the host no-such-host\.invalid of http:\S+ is not known \((ENOTFOUND|EAI_AGAIN)\); check its name$/,
  },
  {
    what: 'a path with nothing behind it',
    env: { CAMUNDA_BASE_URL: 'http://PLAIN/lost', ...basic },
    says: /^CAMUNDA_BASE_URL: there is no engine’s REST API at http:\/\/PLAIN\/lost: the engine answered 404: .*; check the path, which usually ends in \/engine-rest$/,
  },
  {
    what: 'a web page',
    env: { CAMUNDA_BASE_URL: 'http://PLAIN/page' },
    says: /^CAMUNDA_BASE_URL: there is no engine’s REST API at http:\/\/PLAIN\/page: .*<html>Welcome.*; check the path/,
  },
  {
    what: 'a redirect',
    env: { CAMUNDA_BASE_URL: 'http://PLAIN/moved' },
    says: /^CAMUNDA_BASE_URL: there is no engine’s REST API at .*answered 302.*; check the path/,
  },
  {
    what: 'an engine in trouble',
    env: { CAMUNDA_BASE_URL: 'http://PLAIN/broken' },
    says: /^CAMUNDA_BASE_URL: the engine at http:\/\/PLAIN\/broken answers with an error: the engine answered 503: no database; check its log/,
    waits: true,
  },
  {
    what: 'a wrong password',
    env: { CAMUNDA_BASE_URL: 'http://PLAIN/locked', ...basic },
    says: /^CAMUNDA_USERNAME, CAMUNDA_PASSWORD: the user "demo" is refused by the engine at http:\/\/PLAIN\/locked \(401\); check both$/,
  },
  {
    what: 'a wrong password in the URL',
    env: { CAMUNDA_BASE_URL: `http://demo:${SECRET}@PLAIN/locked` },
    says: /^CAMUNDA_USERNAME, CAMUNDA_PASSWORD: the user "demo" is refused by the engine at http:\/\/PLAIN\/locked \(401\)/,
  },
  {
    what: 'a password in the URL of nobody',
    env: { CAMUNDA_BASE_URL: `http://demo:${SECRET}@NOBODY/engine-rest` },
    says: /^CAMUNDA_BASE_URL: nothing listens at http:\/\/NOBODY\/engine-rest /,
    waits: true,
  },
  {
    what: 'no password where one is asked for',
    env: { CAMUNDA_BASE_URL: 'http://PLAIN/locked' },
    says: /^CAMUNDA_USERNAME, CAMUNDA_PASSWORD: a caller without credentials is refused .* \(401\); set them, or CAMUNDA_OAUTH_TOKEN_URL, /,
  },
  {
    what: 'a user who may not',
    env: { CAMUNDA_BASE_URL: 'http://PLAIN/forbidden', ...basic },
    says: /^CAMUNDA_USERNAME, CAMUNDA_PASSWORD: the user "demo" is not allowed by the engine at .* \(403\) to do what the service needs; check both and what the user is allowed to do$/,
  },
  {
    what: 'a certificate of an unknown authority',
    env: { CAMUNDA_BASE_URL: 'https://TLS/engine-rest', ...basic },
    says: /^CAMUNDA_BASE_URL: no TLS connection to https:\/\/TLS\/engine-rest \(DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate\); give the certificate’s authority in NODE_EXTRA_CA_CERTS/,
  },
  {
    what: 'https:// where plain HTTP is spoken',
    env: { CAMUNDA_BASE_URL: 'https://PLAIN/engine-rest' },
    says: /^CAMUNDA_BASE_URL: no TLS connection to https:\/\/PLAIN\/engine-rest \(.*\); .*use http:\/\/ if that is what listens there$/,
  },
  {
    what: 'http:// where TLS is spoken',
    env: { CAMUNDA_BASE_URL: 'http://TLS/engine-rest' },
    says: /^CAMUNDA_BASE_URL: http:\/\/TLS\/engine-rest cannot be used \(.*\); check .* whether it wants https:\/\/$/,
  },
  {
    what: 'a token endpoint where nobody listens',
    env: {
      CAMUNDA_BASE_URL: 'http://PLAIN/locked',
      ...oauth,
      CAMUNDA_OAUTH_TOKEN_URL: 'http://NOBODY/token',
    },
    says: /^CAMUNDA_OAUTH_TOKEN_URL: nothing listens at http:\/\/NOBODY\/token \(ECONNREFUSED\); start the token endpoint there/,
    waits: true,
  },
  {
    what: 'a token endpoint that is a web page',
    env: {
      CAMUNDA_BASE_URL: 'http://PLAIN/locked',
      ...oauth,
      CAMUNDA_OAUTH_TOKEN_URL: 'http://PLAIN/page',
    },
    says: /^CAMUNDA_OAUTH_TOKEN_URL: http:\/\/PLAIN\/page answered 200, but with no token: .*; check that this is a token endpoint$/,
  },
  {
    what: 'a wrong client secret',
    env: {
      CAMUNDA_BASE_URL: 'http://PLAIN/locked',
      ...oauth,
      CAMUNDA_OAUTH_TOKEN_URL: 'http://PLAIN/stranger',
    },
    says: /^CAMUNDA_OAUTH_CLIENT_ID, CAMUNDA_OAUTH_CLIENT_SECRET: no token for the engine: http:\/\/PLAIN\/stranger answered 401: invalid_client$/,
  },
  {
    what: 'a wrong scope',
    env: {
      CAMUNDA_BASE_URL: 'http://PLAIN/locked',
      ...oauth,
      CAMUNDA_OAUTH_TOKEN_URL: 'http://PLAIN/narrow',
    },
    says: /^CAMUNDA_OAUTH_SCOPE: no token for the engine: .* answered 400: invalid_scope$/,
  },
  {
    what: 'a wrong audience',
    env: {
      CAMUNDA_BASE_URL: 'http://PLAIN/locked',
      ...oauth,
      CAMUNDA_OAUTH_TOKEN_URL: 'http://PLAIN/target',
    },
    says: /^CAMUNDA_OAUTH_AUDIENCE: no token for the engine: .* answered 400: invalid_target$/,
  },
  {
    what: 'a token that the engine does not take',
    env: {
      CAMUNDA_BASE_URL: 'http://PLAIN/locked',
      ...oauth,
      CAMUNDA_OAUTH_TOKEN_URL: 'http://PLAIN/granted',
    },
    says: /^CAMUNDA_OAUTH_SCOPE, CAMUNDA_OAUTH_AUDIENCE: the client "service" is refused by the engine at http:\/\/PLAIN\/locked \(401\), though http:\/\/PLAIN\/granted gave it a token/,
  },
];

const engines = await realEngines();

describe('a start that meets an engine it cannot use', () => {
  let folder: Folder;
  const servers: Server[] = [];
  const addresses: Record<string, string> = {};
  beforeAll(async () => {
    folder = createFolder();
    const answer: RequestListener = (request, response) => {
      request.resume();
      const name = request.url?.split('/')[1] ?? '';
      const [status, type, body] = answers[name] ?? [404, 'text/plain', ''];
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    addresses.PLAIN = await listen(createServer(answer));
    addresses.TLS = await listen(createTlsServer(selfSigned, answer));
    addresses.NOBODY = `127.0.0.1:${await freePort()}`;
  });
  afterAll(async () => {
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    folder.remove();
  });

  async function listen(server: Server): Promise<string> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function withAddresses(text: string): string {
    return text.replaceAll(/PLAIN|TLS\/|NOBODY/g, (name) =>
      name === 'TLS/' ? `${addresses.TLS}/` : (addresses[name] ?? name),
    );
  }

  /** The line, with the names of the servers again, and whether the service runs without the engine. */
  async function refusal(env: Record<string, string>) {
    const settings = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, withAddresses(value)]),
    );
    const log: Record<string, unknown>[] = [];
    let waits = false;
    let line = await startTestService(settings, folder, {}, log).then(
      async ({ api, stop }) => {
        waits = true;
        const { status, body } = await api.get('/health/ready');
        await stop();
        return status === 503 ? (body.checks.engine ?? 'nothing') : 'it is ready';
      },
      (error: Error) => `${error.name === 'SetupError' ? '' : error.name}${error.message}`,
    );
    for (const [name, host] of Object.entries(addresses)) line = line.replaceAll(host, name);
    return { line, waits, log: JSON.stringify(log) };
  }

  it.each(cases)(
    'says so in one line without the password, and waits only while the engine is away: $what',
    async ({ env, says, waits = false }) => {
      const { line, log, ...found } = await refusal(env);
      expect(found).toEqual({ waits });
      expect(line).toMatch(says);
      expect(line).not.toContain('\n');
      const encoded = ['demo', 'service'].map((user) =>
        Buffer.from(`${user}:${SECRET}`).toString('base64'),
      );
      for (const secret of [SECRET, ...encoded]) {
        expect(line).not.toContain(secret);
        expect(log).not.toContain(secret);
      }
      expect(log, 'the configuration is logged').toContain('CAMUNDA_BASE_URL');
    },
  );

  it.each(engines)('names a wrong path on $name', async ({ url }) => {
    for (const wrong of [url.replace('/engine-rest', ''), `${url}/engine`]) {
      const { line } = await refusal({ CAMUNDA_BASE_URL: wrong });
      expect(line).toMatch(
        /^CAMUNDA_BASE_URL: there is no engine’s REST API at .*; check the path, which usually ends in \/engine-rest$/,
      );
    }
  });

  it('leaves nothing behind: the same folder then serves a service that works', async () => {
    const service = await startTestService({}, folder);
    expect((await service.api.get('/health/ready')).status).toBe(200);
    await service.stop();
    expect(countEvents(folder)).toBe(0);
  });
});
