import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineKinds, type TestEngine } from '../../support/engines.ts';
import {
  type EngineGuard,
  startEngineGuard,
  startTokenServer,
  type TokenServer,
} from '../../support/oauth.ts';
import { copyProcesses, type ProcessCopies } from '../../support/process-folders.ts';
import { guardedEngines } from '../../support/servers.ts';
import {
  createFolder,
  expectWhole,
  type Folder,
  readStreams,
  startTestService,
  type TestService,
} from '../../support/service.ts';

const CLIENT = { clientId: 'service', clientSecret: 's3cret' };
/** Seconds a token is good for. */
const LIFETIME = 2;
/** Seconds it is admitted beyond that: a service that renews none is refused then. */
const GRACE = 30;
/** Long enough for a test in which no token is renewed by its age. */
const LONG_LIFETIME = 600;
const user = { userId: '42', email: 'ada@example.com' };

describe.each(await engineKinds())('OAuth 2.0 in front of $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let engine: TestEngine;
    let tokens: TokenServer;
    let guard: EngineGuard;
    let folder: Folder;
    let copies: ProcessCopies;
    let service: TestService;
    beforeAll(async () => {
      engine = await open();
      tokens = await startTokenServer({ ...CLIENT, lifetime: LIFETIME, grace: GRACE });
      guard = await startEngineGuard(engine.url, tokens.admits);
      folder = createFolder();
      copies = copyProcesses(folder.path, ['instant']);
      const settings = {
        PROCESSES_DIR: copies.directory,
        CAMUNDA_BASE_URL: guard.url,
        CAMUNDA_OAUTH_TOKEN_URL: tokens.url,
        CAMUNDA_OAUTH_CLIENT_ID: CLIENT.clientId,
        CAMUNDA_OAUTH_CLIENT_SECRET: CLIENT.clientSecret,
      };
      service = await startTestService(settings, folder);
    });
    afterAll(async () => {
      await service?.stop();
      await copies?.removeFrom(engine.url);
      await guard?.stop();
      await tokens?.stop();
      await engine?.stop();
      folder?.remove();
    });

    const start = (prefer = 'wait=20') =>
      service.api.start(copies.key('instant'), user, {}, { prefer });

    it('lets processes run through one token after another, and turns no call away', async () => {
      await until(async () => {
        expect((await start()).status).toBe(200);
        return tokens.issued() >= 3;
      }, 'the third token');
      expect(guard.calls.filter(({ admitted }) => !admitted)).toEqual([]);
      expect(guard.calls.map(({ call }) => call)).toContain('POST /external-task/fetchAndLock');
      expect(tokens.maxAtOnce()).toBe(1);
    });

    it.each([
      ['a start', /start$/],
      ['a poll', /fetchAndLock$/],
      ['a step’s report', /complete$/],
    ])('lets %s that is refused go through with a new token', async (_, call) => {
      tokens.setLifetime(LONG_LIFETIME);
      await until(
        // The service counts its second from when it has the token, which may be later on a busy machine.
        () => tokens.ageOfNewest(LONG_LIFETIME) > 4_000,
        'a token old enough to be renewed',
      );
      const lines = service.log.length;
      const before = guard.calls.length;
      guard.refuseNext(call);
      expect((await start()).status).toBe(200);
      // The caller gets the answer before the step is reported to the engine.
      await until(() => {
        const calls = guard.calls.slice(before);
        const refusal = calls.findIndex(({ admitted }) => !admitted);
        return (
          refusal >= 0 && calls.slice(refusal).some((one) => one.admitted && call.test(one.call))
        );
      }, 'it is refused, and then goes through');
      const warnings = service.log.slice(lines).filter(({ level }) => Number(level) >= 40);
      expect(warnings).toEqual([]);
    });

    it('makes the engine unavailable while no token can be had, and no process fails for it', async () => {
      tokens.down();
      tokens.revoke();
      const accepted = await start('respond-async');
      expect(accepted.status).toBe(202);
      await until(async () => {
        const { status, body } = await service.api.get('/health/ready');
        return status === 503 && body.checks.engine !== 'ok';
      }, 'the engine counts as away');
      tokens.up();
      await until(
        async () => (await service.api.status(accepted.body.correlationId)).status === 200,
        'the process ends',
      );
    });

    it('lets every process end once and well, with the secret in no line of the log', async () => {
      await service.stop();
      const streams = await readStreams(folder);
      expectWhole(streams);
      for (const { folded, events } of streams) {
        expect(folded?.status).toBe('ok');
        expect(events.map(({ type }) => type)).not.toContain('step-failed');
      }
      expect(JSON.stringify(service.log)).not.toContain(CLIENT.clientSecret);
    });
  });
});

describe.each(await guardedEngines())('the basic auth of $name itself', ({ url }) => {
  describe.skipIf(url === null)('when it is available', () => {
    const baseUrl = url ?? '';
    const unguardedUrl = baseUrl.replace(/guarded$/, 'engine-rest');
    // The engines take letters and digits only.
    const id = `user${randomUUID().replaceAll('-', '')}`;
    const password = 'päss:wörd';
    let folder: Folder;
    let copies: ProcessCopies;
    beforeAll(async () => {
      folder = createFolder();
      copies = copyProcesses(folder.path, ['instant']);
      const created = await fetch(`${unguardedUrl}/user/create`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ profile: { id }, credentials: { password } }),
      });
      expect(created.status).toBe(204);
    });
    afterAll(async () => {
      await copies?.removeFrom(unguardedUrl);
      folder?.remove();
    });
    const settings = (more: Record<string, string>) => ({
      PROCESSES_DIR: copies.directory,
      CAMUNDA_BASE_URL: baseUrl,
      ...more,
    });

    it('lets in the user of CAMUNDA_USERNAME, with all that the service does', async () => {
      const credentials = { CAMUNDA_USERNAME: id, CAMUNDA_PASSWORD: password };
      const service = await startTestService(settings(credentials), folder);
      const { status, body } = await service.api.start(copies.key('instant'), user);
      await service.stop();
      expect([status, body.result]).toEqual([200, user]);
    });

    it('lets in the user whose credentials are in the URL', async () => {
      const withUser = new URL(baseUrl);
      withUser.username = id;
      withUser.password = encodeURIComponent(password);
      const service = await startTestService(settings({ CAMUNDA_BASE_URL: withUser.href }), folder);
      const { status } = await service.api.start(copies.key('instant'), user);
      await service.stop();
      expect(status).toBe(200);
      expect(JSON.stringify(service.log)).not.toMatch(/wörd|w%C3%B6rd/);
    });

    it('turns away a wrong password and a caller without one, which stops the start', async () => {
      const wrong = { CAMUNDA_USERNAME: id, CAMUNDA_PASSWORD: 's3cret' };
      await expect(startTestService(settings(wrong), folder)).rejects.toThrow(
        `CAMUNDA_USERNAME, CAMUNDA_PASSWORD: the user "${id}" is refused by the engine at ${baseUrl} (401)`,
      );
      await expect(startTestService(settings({}), folder)).rejects.toThrow(
        `a caller without credentials is refused by the engine at ${baseUrl} (401)`,
      );
    });
  });
});
