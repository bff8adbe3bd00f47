import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/children.ts';
import type { CommandRun } from '../../support/commands.ts';
import { ADA, bytesOf, enginesRows, newFolder, personal, run } from '../../support/erasure.ts';
import { foundIn } from '../../support/personal.ts';
import { startTestService, untilRelayed } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';

describe('an erasure', () => {
  it('is visible to every caller within seconds, while the service runs', async () => {
    const folder = newFolder();
    const service = await startTestService(personal({ RECONCILE_EVERY_MS: '200' }), folder);
    onTestFinished(service.stop);
    const { api } = service;
    for (const [id, how] of [
      ['done', 'ok'],
      ['failed', 'technical'],
    ]) {
      await api.start('personal', { how, ...ADA }, { correlationId: id });
    }
    await untilRelayed(folder);
    const before = await api.status('done');

    writeFileSync(join(folder.path, 'ids'), 'done\n\nfailed\n');
    const first = await run(folder, ['erase', '--from', join(folder.path, 'ids')], {
      RECONCILE_EVERY_MS: '200',
    });
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(/^done erased; the running service .* within 1 s\nfailed erased; /);

    const answers = async (): Promise<string> =>
      (await api.status('done')).text + (await api.status('failed')).text;
    await until(async () => foundIn(await answers()).length === 0, 'it is gone');
    const after = await api.get('/api/process/status/done', {
      headers: { 'if-none-match': before.headers.get('etag') ?? '' },
    });
    expect(after.status, 'what a caller has kept counts no more').toBe(200);
    expect(after.body).toMatchObject({
      erased: true,
      result: { message: '[erased]', email: '[erased]', score: 71 },
    });
    for (const path of [
      '/api/process',
      '/api/process/done/events',
      '/api/process/failed/events',
      `/api/event-log/${await traceOf('done')}`,
    ]) {
      const { status, text } = await api.get(path);
      expect(status).toBe(200);
      expect(foundIn(text), path).toEqual([]);
      expect(text).toContain('[erased]');
    }
    const followed = await api.get('/api/process/done/events', {
      headers: { accept: 'text/event-stream' },
    });
    expect(foundIn(followed.text)).toEqual([]);
    const again = await api.start('personal', { how: 'ok', ...ADA }, { correlationId: 'done' });
    expectProblem(again, 'conflict');
    const retry = await api.post('/api/process/failed/retry');
    expectProblem(retry, 'not-retryable', /erased; start a new one/);
    await until(() => enginesRows(folder) === 0, 'the engine holds nothing of them');
    await until(() => foundIn(bytesOf(folder)).length === 0, 'nor does the file');

    const second = await run(folder, ['erase', 'done']);
    expect(second.out).toMatch(/^done erased before, at 20\d\d-.*Z/);
    expect(second.code).toBe(0);

    async function traceOf(id: string): Promise<string> {
      const { body } = await api.get(`/api/process/${id}/events`);
      return String(body.events[0]?.identity.traceabilityId);
    }
  });

  it('reports what it cannot do, and does the rest', async () => {
    const folder = newFolder();
    const clear = await startTestService(personal({ PERSONAL_DATA_KEY: '' }), folder);
    expect(clear.log).toContainEqual(
      expect.objectContaining({
        processes: ['personal'],
        msg: expect.stringContaining('stored in the clear and cannot be erased'),
      }),
    );
    await clear.api.start('personal', { how: 'ok', ...ADA }, { correlationId: 'clear' });
    await clear.api.start(
      'personal',
      { how: 'ok', gate: 'go', ...ADA },
      { correlationId: 'pending' },
      { prefer: 'respond-async' },
    );
    await untilRelayed(folder);
    await clear.stop();

    const { code, out, err }: CommandRun = await run(
      folder,
      ['erase', 'clear', 'pending', 'never', 'no id'],
      { PERSONAL_DATA_KEY: '' },
    );
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      'clear not erased: nothing of it is encrypted; its process marks nothing as personal, or it ran without PERSONAL_DATA_KEY',
      'pending not erased: it is pending; cancel it first, or wait for its end',
      'never unknown',
      'no id unknown',
      '',
    ]);
    expect(err).toContain('PERSONAL_DATA_KEY is not set');

    // With a key its later events are encrypted: the first ones stay in plain text, and the command says so.
    const keyed = await startTestService(personal(), folder);
    folder.open('go');
    await until(async () => (await keyed.api.status('pending')).status === 200, 'it ends');
    await keyed.stop();
    const mixed = await run(folder, ['erase', 'pending']);
    expect(mixed).toMatchObject({ code: 1, err: '' });
    expect(mixed.out).toMatch(/^pending erased; what was written before .* stays\n$/);
    const wrong = await run(folder, ['erase', '--from', '/nowhere']);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/^fastify-camunda: erase: --from .nowhere cannot be read: .*\n$/);
  });
});
