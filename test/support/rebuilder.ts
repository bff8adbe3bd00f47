import type { RebuildStore } from '../../infrastructure/sql/rebuild/tables.ts';
import { rebuild } from './rebuild-world.ts';

/** A process to be killed: rebuilds as soon as it is told to, in small pages, and says so of each. */
const store = await openStore(process.argv[2] ?? '');
process.stdout.write('ready\n');
process.stdin.once('data', async () => {
  const { beginnings } = await rebuild(store, {
    page: 20,
    onBegin: (how) => void process.stdout.write(`${how}\n`),
    onPage: ({ read }) => void process.stdout.write(`${read}\n`),
  });
  await store.close();
  process.stdout.write(`done ${beginnings}\n`);
});

/** Imports no more than it needs: many of these are started one after the other. */
async function openStore(target: string): Promise<RebuildStore> {
  if (target.startsWith('mssql:')) {
    const { openMssqlRebuildStore } = await import(
      '../../infrastructure/sql/mssql/rebuild-store.ts'
    );
    const { readMssqlUrl } = await import('../../infrastructure/sql/mssql/target.ts');
    return openMssqlRebuildStore(readMssqlUrl(target), {});
  }
  const { createSqliteRebuildStore } = await import(
    '../../infrastructure/sql/sqlite/rebuild-store.ts'
  );
  return createSqliteRebuildStore(target);
}
