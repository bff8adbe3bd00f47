import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { runCommand, startServiceProcess } from '../../support/commands.ts';
import { createFolder, type Folder, settingsFor, startTestService } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';

const ASYNC = { prefer: 'respond-async' };

interface Run {
  id: string;
  status: string;
  found: number;
  done: number;
  failed: number;
  left: number;
}

describe('bulk runs of a service', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });
  function newFolder(): Folder {
    const folder = createFolder();
    cleanup.push(folder.remove);
    return folder;
  }

  it('cancel over HTTP: a dry run first, then all; progress, list and refusals', async () => {
    const service = await startTestService({}, newFolder());
    cleanup.push(() => service.stop());
    const { api } = service;
    for (const correlationId of ['a', 'b', 'c']) {
      await api.start('gated', { gate: 'never' }, { correlationId }, ASYNC);
    }
    await until(
      async () => (await api.get('/api/process?status=pending')).body.processes.length === 3,
      'they are in the list',
    );
    const begin = async (more: object) => {
      const json = { action: 'cancel', filter: { process: 'gated' }, reason: 'a test', ...more };
      return api.post('/api/admin/bulk', { json });
    };
    const ended = (id: string): Promise<Run> =>
      until(async () => {
        const { body } = await api.get(`/api/admin/bulk/${id}`);
        const run = body as unknown as Run;
        return run.status === 'done' ? run : undefined;
      }, 'it is done');
    const dry = await begin({ dryRun: true });
    expect(dry.status).toBe(202);
    const { id } = dry.body as unknown as Run;
    expect(dry.headers.get('location')).toBe(`/api/admin/bulk/${id}`);
    expect(await ended(id)).toMatchObject({ found: 3, left: 0 });
    expect((await api.status('a')).status).toBe(202);

    const wet = (await begin({})).body as unknown as Run;
    expect(await ended(wet.id)).toMatchObject({ found: 3, done: 3, failed: 0, left: 0 });
    expect((await api.status('a')).body.error).toMatchObject({ kind: 'cancelled' });
    const listed = (await api.get('/api/admin/bulk?limit=1')).body as unknown as {
      runs: Run[];
      nextCursor: string;
    };
    expect(listed.runs.map((run) => run.id)).toEqual([wet.id]);
    const next = await api.get(`/api/admin/bulk?cursor=${listed.nextCursor}`);
    expect((next.body as unknown as { runs: Run[] }).runs.map((run) => run.id)).toEqual([id]);

    const retry = { action: 'retry', filter: { process: 'gated' } };
    const { id: failing } = (await begin(retry)).body as unknown as Run;
    expect(await ended(failing)).toMatchObject({ found: 3, done: 0, failed: 3 });
    const { failures } = (await api.get(`/api/admin/bulk/${failing}/failures?limit=2`))
      .body as unknown as { failures: { correlationId: string; reason: string }[] };
    expect(failures.map(({ correlationId }) => correlationId)).toEqual(['a', 'b']);
    expect(failures[0]?.reason).toContain('cancelled');

    expectProblem(await api.post(`/api/admin/bulk/${id}/stop`), 'conflict', /The run is done/);
    expectProblem(await api.post('/api/admin/bulk/none/resume'), 'not-found');
    expectProblem(await api.get('/api/admin/bulk/none/failures'), 'not-found');
    for (const number of [3, 30, 4]) {
      await api.start('counted', { number }, { correlationId: `counted-${number}` });
    }
    await until(
      async () => (await api.get('/api/process?identifier.number=3*')).body.processes.length === 2,
      'they are found',
    );
    const found = { action: 'restore', dryRun: true };
    const archived = await begin({ ...found, filter: { 'identifier.number': '3*' } });
    expect((archived.body as unknown as { filter: object }).filter).toEqual({
      'identifier.number': '3*',
    });
    expect(await ended((archived.body as unknown as Run).id)).toMatchObject({ found: 0 });
    const three = await begin({ action: 'retry', filter: { 'identifier.number': '3' } });
    expect(await ended((three.body as unknown as Run).id)).toMatchObject({ found: 0 });
    const cancelled = await begin({
      action: 'retry',
      dryRun: true,
      filter: { process: 'gated', errorCode: 'CANC*' },
    });
    expect(await ended((cancelled.body as unknown as Run).id)).toMatchObject({ found: 3 });
    expectProblem(await begin({ filter: { who: 'me' } }), 'invalid-request', /identifier\.<name>/);
    expectProblem(await begin({ filter: {} }), 'invalid-request', /at least one field/);
    const wrong = await begin({ filter: { status: 'ok' } });
    expectProblem(wrong, 'invalid-request', /pending ones cancelled/);
  });

  it('by the command: a service does them, Ctrl-C stops and resume continues', async () => {
    const folder = newFolder();
    const service = await startServiceProcess(folder, {});
    cleanup.push(() => service.kill('SIGKILL'));
    for (let at = 0; at < 12; at++) {
      await service.api.start('gated', { gate: 'never' }, { correlationId: `p-${at}` }, ASYNC);
    }
    await until(
      async () =>
        (await service.api.get('/api/process?status=pending')).body.processes.length === 12,
      'they are in the list',
    );
    const run = (...args: string[]) => runCommand(['bulk', ...args], settingsFor(folder, {}));
    const none = await run('cancel', '--reason', 'a test', '--process', 'gated', '--dry-run');
    expect(none.out).toBe('found 12 processes; nothing was done\n');
    const wrong = await run('restore', '--reason', 'a test');
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('say which processes') });

    // Slow, so that it can be stopped in the middle.
    const slow = run('cancel', '--reason', 'a test', '--process', 'gated', '--max-per-second', '1');
    const listed = async () => {
      const { body } = await service.api.get('/api/admin/bulk');
      return (body as unknown as { runs: Run[] }).runs[0];
    };
    const begun = await until(async () => {
      const one = await listed();
      return one && one.done > 0 && one.left > 0 ? one : undefined;
    }, 'it has begun');
    await run('stop', begun.id);
    const stopped = await slow;
    expect(stopped.out).toMatch(/^stopped \S+: \d+ of 12 processes, 0 failed, \d+ left\n$/);
    const unknown = await run('resume', 'none');
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('bulk list') });
    const resumed = run('resume', begun.id);
    await service.api.post('/api/process/p-9/cancel');
    const end = await resumed;
    expect(end.out).toContain(`done ${begun.id}: 11 of 12 processes, 1 failed, 0 left`);
    expect(end.code).toBe(1);
    expect((await run('failures', begun.id)).out).toMatch(/^p-9 it ended before: cancelled\n$/);
    expect((await run('list')).out.trim().split('\n')).toHaveLength(2);
  });
});
