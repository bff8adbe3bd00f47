import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { bullmqQueues, job, policies } from '../../support/queues.ts';
import { serverUrl } from '../../support/servers.ts';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../../support/service.ts';

const redisUrl = await serverUrl('redis');
const BIN = await builtFile('src/bin.ts');

/** Runs the command. */
async function command(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, out, err };
}

async function call(service: TestService, method: string, path: string) {
  const answer = await fetch(`${service.url}${path}`, { method });
  const text = await answer.text();
  const type = answer.headers.get('content-type') ?? '';
  const body = type.includes('json') ? JSON.parse(text) : text;
  return { status: answer.status, headers: answer.headers, body };
}

describe.skipIf(redisUrl === null)('dead letters in Redis', () => {
  let folder: Folder;
  let service: TestService;
  let queues: ReturnType<typeof bullmqQueues>;
  let env: Record<string, string>;
  beforeAll(async () => {
    folder = createFolder();
    queues = bullmqQueues(redisUrl ?? '');
    // Another instance gave them up.
    const queue = await queues.open({
      policies: policies({ attempts: 1, backoff: 1, maxBackoff: 1 }),
    });
    const fails = async (): Promise<void> => {
      throw new TypeError('a defect');
    };
    await queue.work({ 'project-process': fails, 'cancel-instance': fails });
    queue.addBulk([
      ...['1', '2', '3'].map((id) => job('project-process', `order-${id}`, id)),
      job('cancel-instance', 'order-4', '4'),
    ]);
    await until(async () => (await queue.deadLetters.list({}, 9)).length === 4, 'given up');
    await queue.close(5_000);
    env = { REDIS_URL: redisUrl ?? '', REDIS_PREFIX: queues.prefix };
  });
  afterAll(async () => {
    await service?.stop();
    await queues.destroy();
    folder?.remove();
  });

  it('are listed and retried by the command', async () => {
    const [listed, embedded, unknown, both] = await Promise.all([
      command(env, 'jobs', 'failed', '--limit', '3'),
      command({}, 'jobs', 'failed'),
      command(env, 'jobs', 'retry', 'cancel-instance:nope'),
      command(env, 'jobs', 'retry', 'x', '--all'),
    ]);
    const lines = listed.out.trim().split('\n');
    expect(lines, listed.err).toHaveLength(3);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ attempts: 1, error: 'a defect' });
    expect(listed.err).toContain('there are more');
    expect(embedded.code).toBe(1);
    expect(embedded.err).toMatch(
      /^fastify-camunda: REDIS_URL: .*GET \/api\/admin\/jobs\/failed.*\n$/,
    );
    expect(unknown).toEqual({
      code: 1,
      out: '',
      err: 'fastify-camunda: jobs retry: there is no dead letter with the id cancel-instance:nope\n',
    });
    expect(both.err).toBe('fastify-camunda: jobs retry: give ids, or --all\n');
    const all = await command(env, 'jobs', 'retry', '--all', '--name', 'cancel-instance');
    expect(all).toEqual({ code: 0, out: '1 will run again\n', err: '' });
  });

  it('are listed and retried over REST, run by the service, and then leave the list', async () => {
    service = await startTestService(env, folder);
    const path = '/api/admin/jobs/failed';
    const first = await call(service, 'GET', `${path}?limit=2&name=project-process`);
    expect(first.status).toBe(200);
    expect(first.body.jobs).toHaveLength(2);
    const next = `${path}?limit=2&name=project-process&cursor=${first.body.nextCursor}`;
    const second = await call(service, 'GET', next);
    expect(second.body).toMatchObject({ jobs: [{ error: 'a defect' }], nextCursor: null });

    const [one] = first.body.jobs;
    const retried = await call(service, 'POST', `${path}/${encodeURIComponent(one.id)}/retry`);
    expect({ status: retried.status, body: retried.body }).toEqual({
      status: 202,
      body: { id: one.id },
    });
    const all = await call(service, 'POST', `${path}/retry?name=project-process`);
    expect(all.body).toEqual({ retried: 2 });
    await until(async () => (await call(service, 'GET', path)).body.jobs.length === 0, 'none left');
    expect((await call(service, 'POST', `${path}/retry`)).body).toEqual({ retried: 0 });
  });

  it('answer a problem to an invalid request', async () => {
    const path = '/api/admin/jobs/failed';
    const unknown = await call(service, 'POST', `${path}/project-process:999/retry`);
    expect(unknown.status).toBe(404);
    expect(unknown.body.detail).toContain('No failed job has the id "project-process:999"');
    for (const query of ['name=nonsense', 'limit=0', 'cursor=%00', 'other=1']) {
      const answer = await call(service, 'GET', `${path}?${query}`);
      expect(answer.status, query).toBe(400);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    }
  });

  it('are shown in Bull Board, with no script or style from elsewhere', async () => {
    const page = await call(service, 'GET', '/admin/queues');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const script = /src="(static\/js\/main[^"]+)"/.exec(page.body)?.[1];
    expect((await call(service, 'GET', `/admin/queues/${script}`)).status).toBe(200);
    const { body } = await call(service, 'GET', '/admin/queues/api/queues');
    expect(body.queues.map(({ name }: { name: string }) => name).sort()).toEqual([
      'archive-expired',
      'begin-due',
      'cancel-instance',
      'complete-user-task',
      'project-process',
      'reconcile-processes',
      'retry-instance',
      'rollup-events',
      'run-bulk',
      'start-instance',
    ]);
  });
});

describe('a service without Redis', () => {
  it('has no Bull Board, and its list of dead letters is empty', async () => {
    const folder = createFolder();
    const service = await startTestService({}, folder);
    const board = await call(service, 'GET', '/admin/queues');
    expect(board.status).toBe(404);
    expect(board.body.detail).toContain('set REDIS_URL');
    const { body } = await call(service, 'GET', '/api/admin/jobs/failed');
    expect(body).toEqual({ jobs: [], nextCursor: null });
    await service.stop();
    folder.remove();
  });
});
