import { expect, inject, it } from 'vitest';
import { endedProcess, partitionsOf } from '../../support/archive-world.ts';
import { runCommand } from '../../support/commands.ts';
import { databaseKinds } from '../../support/databases.ts';
import { startTdsProxy } from '../../support/tds-proxy.ts';

const serverUrl = inject('mssqlUrl');

it.skipIf(serverUrl === null)(
  'a command whose database goes away says so in one line, and does the rest when it is run again',
  async () => {
    const kind = databaseKinds().find(({ name }) => name === 'SQL Server');
    const database = await kind?.open();
    if (!database) throw new Error('no SQL Server');
    const proxy = await startTdsProxy(serverUrl ?? '');
    try {
      await endedProcess(database, 'one');
      const archive = () =>
        runCommand(['archive', '--older-than', '0m'], {
          DATABASE_URL: proxy.through(database.target),
          LOG_LEVEL: 'error',
        });
      proxy.intercept(({ text }) =>
        text.includes('INTO event_log_archive') ? 'lose-request' : 'pass',
      );
      const refused = await archive();
      expect(refused.code).toBe(1);
      expect(refused.err).toMatch(/^fastify-camunda: .*; run the same command again to resume\n$/);
      proxy.intercept(() => 'pass');
      expect(await archive()).toMatchObject({ code: 0, err: '' });
      expect((await partitionsOf(database)).get('one')?.row.archived).toBe(true);
    } finally {
      await proxy.stop();
      await database.destroy();
    }
  },
);
