import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../support/service.ts';
import { expectProblem } from '../support/service-api.ts';
import { copyProcesses, type ProcessCopies } from '../support/service-copies.ts';

const redisUrl = inject('redisUrl');
const engineUrl = inject('engineUrls').operaton;
/** A database of its own, for the jobs of these tests only. */
const REDIS_DB = 13;

describe.skipIf(redisUrl === null || engineUrl === null)('SQLite + Redis + Operaton', () => {
  let folder: Folder;
  let redis: Redis;
  let copies: ProcessCopies;
  let service: TestService;
  beforeAll(async () => {
    folder = createFolder();
    const url = `${redisUrl}/${REDIS_DB}`;
    redis = new Redis(url);
    await redis.flushdb();
    copies = copyProcesses(folder.path, ['instant', 'gated', 'troubled']);
    const settings = {
      PROCESSES_DIR: copies.directory,
      REDIS_URL: url,
      CAMUNDA_BASE_URL: engineUrl ?? '',
      LOG_LEVEL: 'warn',
    };
    service = await startTestService(settings, folder);
  });
  afterAll(async () => {
    await service?.stop();
    if (engineUrl !== null) await copies?.removeFrom(engineUrl);
    await redis?.flushdb();
    redis?.disconnect();
    folder?.remove();
  });

  const user = (at: number) => ({ userId: `user-${at}`, email: `user-${at}@example.com` });

  it('answers 200 with the result', async () => {
    const { status, body } = await service.api.start(copies.key('instant'), user(1));
    expect(status).toBe(200);
    expect(body.result).toEqual(user(1));
  });

  it('answers 422 for a refusal and 502 for a failure', async () => {
    const refused = await service.api.start(copies.key('troubled'), { how: 'business' });
    expect(refused.status).toBe(422);
    expectProblem(refused, 'process-refused', /The rules say no/);
    const failed = await service.api.start(copies.key('troubled'), { how: 'technical' });
    expect(failed.status).toBe(502);
    expectProblem(failed, 'process-failed', /the partner cannot be reached/);
  });

  it('answers 202 with respond-async, and the long poll when the process ends', async () => {
    const prefer = { prefer: 'respond-async' };
    const variables = { gate: 'mix' };
    const { status, body } = await service.api.start(copies.key('gated'), variables, {}, prefer);
    expect(status).toBe(202);
    const poll = service.api.status(body.correlationId, { prefer: 'wait=20' });
    folder.open('mix');
    expect((await poll).body).toMatchObject({ status: 'ok', result: { gate: 'mix' } });
  });

  it('answers 50 starts at once, none with the result of another', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => service.api.start(copies.key('instant'), user(at))),
    );
    for (const [at, { status, body }] of answers.entries()) {
      expect(status).toBe(200);
      expect(body.result).toEqual(user(at));
    }
  });

  it('is ready', async () => {
    const { status, body } = await service.api.get('/health/ready');
    expect(status).toBe(200);
    expect(body.checks).toEqual({ database: 'ok', queue: 'ok', engine: 'ok' });
  });
});
