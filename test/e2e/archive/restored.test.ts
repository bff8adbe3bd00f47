import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { soon } from '../../support/archive-world.ts';
import { runCommand } from '../../support/commands.ts';
import {
  createFolder,
  type Folder,
  startTestService,
  type TestService,
} from '../../support/service.ts';

const SLOW = 120_000;

describe('fastify-camunda restore', { timeout: SLOW }, () => {
  let folder: Folder;
  let service: TestService;
  const failed = randomUUID();
  const file = `mended-${failed}`;
  beforeAll(async () => {
    folder = createFolder();
    service = await startTestService({}, folder);
    const answer = await service.api.start('mendable', { file }, { correlationId: failed });
    expect(answer.status).toBe(502);
    await archive();
  }, SLOW);
  afterAll(async () => {
    await service?.stop();
    folder?.remove();
  });

  /** Archives everything that has ended, as soon as it is projected and published. */
  async function archive(): Promise<void> {
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const database = await openSqliteDatabase({ ...options, file: folder.file });
    for (let moved = 0; moved === 0; ) {
      moved = (await database.archive.moveBatch({ endedBefore: soon(), limit: 10 })).processes;
      if (moved === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await database.close();
  }
  const restore = (...args: string[]) =>
    runCommand(['restore', ...args], { DATA_DIR: folder.data, LOG_LEVEL: 'warn' });

  it('brings a failed process back while the service runs, and it is retried to its end', async () => {
    const refused = await service.api.post(`/api/process/${failed}/retry`, {});
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toContain('restore it first');
    const list = join(folder.path, 'ids');
    writeFileSync(list, `${failed}\r\n\nnever-seen\nnot an id`);
    const { code, out } = await restore('--from', list);
    expect(out).toBe(`${failed} restored\nnever-seen unknown\nnot an id unknown\n`);
    expect(code).toBe(1);
    const { body } = await service.api.status(failed);
    expect(body).toMatchObject({ status: 'error' });
    expect(body).not.toHaveProperty('archived');
    folder.open(file);
    const retried = await service.api.post(`/api/process/${failed}/retry`, {});
    expect(retried).toMatchObject({ status: 200, body: { result: { file } } });
    expect(await restore(failed)).toMatchObject({ code: 0, out: `${failed} restored before\n` });
  });

  it('says what is wrong with its arguments', async () => {
    const both = await restore('an-id', '--from', '-');
    expect(both.err).toBe(
      'fastify-camunda: restore: give correlation ids, or --from with a file that has them\n',
    );
    const folderForFile = await restore('--from', folder.path);
    expect(folderForFile.err).toMatch(/^fastify-camunda: restore: --from .* cannot be read: .*\n$/);
    expect([both.code, folderForFile.code]).toEqual([1, 1]);
  });
});
