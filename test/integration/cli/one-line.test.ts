import { writeFileSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCommand } from '../../support/commands.ts';
import { type RunningRedis, startRedis } from '../../support/redis.ts';
import { serverUrl } from '../../support/servers.ts';
import { createFolder, startTestService } from '../../support/service.ts';
import { startCuttingProxy } from '../../support/tcp-proxy.ts';

const hasRedis = (await serverUrl('redis')) !== null;

describe('a start or command that cannot continue says why in one line', {
  timeout: 600_000,
}, () => {
  function folder() {
    const made = createFolder();
    onTestFinished(made.remove);
    return made;
  }

  async function expectLine(args: string[], env: Record<string, string>, says: RegExp) {
    const { code, err, out } = await runCommand(args, { PORT: '0', LOG_LEVEL: 'silent', ...env });
    // `verify` has a code of its own for what it could not do.
    expect(code, `${out}${err}`).toBe(args[0] === 'verify' ? 2 : 1);
    expect(err).toMatch(says);
    expect(err.trimEnd(), 'one line').not.toContain('\n');
    expect(`${out}${err}`).not.toMatch(/\n\s+at /);
  }

  it.each(['serve', 'verify', 'rebuild', 'migrate'])(
    'when another process holds the write lock of the database: %s',
    async (command) => {
      const on = folder();
      await (await startTestService({}, on)).stop();
      const other = new BetterSqlite3(on.file);
      onTestFinished(() => void other.close());
      other.exec('BEGIN IMMEDIATE');
      const { code, err, out } = await runCommand([command], {
        PORT: 'x',
        LOG_LEVEL: 'silent',
        DATA_DIR: on.data,
        ...(command === 'serve' ? { PORT: '0' } : {}),
      });
      // What only reads needs no lock.
      if (code === 0) return;
      expect(`${out}${err}`).not.toMatch(/\n\s+at /);
      expect(err).toMatch(/^fastify-camunda: .*\n$/);
    },
  );

  it.each([
    [
      'is no database',
      (file: string) => writeFileSync(file, 'x'.repeat(8_192)),
      /is not an SQLite database/,
    ],
    [
      'is of a newer release',
      (file: string) => {
        const db = new BetterSqlite3(file);
        db.exec(
          "CREATE TABLE schema_version (version INT, applied_at TEXT); INSERT INTO schema_version VALUES (9999, '')",
        );
        db.close();
      },
      /newer than/,
    ],
  ])('when the database file %s', async (_what, make, says) => {
    const on = folder();
    make(on.file);
    for (const command of ['serve', 'verify', 'rebuild']) {
      await expectLine([command], { DATA_DIR: on.data }, says);
    }
  });

  it('when the address is not of this machine', async () => {
    await expectLine(
      ['serve'],
      { DATA_DIR: folder().data, HOST: '192.0.2.1', AUTH: 'on' },
      /^fastify-camunda: PORT|HOST/,
    );
  });

  it.skipIf(!hasRedis)(
    'or waits, when Redis is lost after any number of bytes of the start',
    async () => {
      const redis: RunningRedis = await startRedis();
      onTestFinished(() => redis.stop());
      const lost = [0, 1, 100, 2_000, 5_000, 10_000, 20_000].map(async (bytes) => {
        const way = await startCuttingProxy(redis.port, bytes);
        const on = folder();
        const service = await startTestService({ REDIS_URL: `redis://127.0.0.1:${way.port}` }, on);
        expect((await service.api.get('/health/live')).status, `${bytes} bytes`).toBe(200);
        await service.stop();
        await way.stop();
      });
      await Promise.all(lost);
    },
  );
});
