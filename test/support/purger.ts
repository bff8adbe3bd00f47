import { createHandOver } from '../../infrastructure/hand-over/hand-over.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { purgeArchive } from '../../jobs/purge-archive.ts';

/** A process to be killed: hands over and purges what is archived, as soon as it is told to. */
const [target = '', folder = ''] = process.argv.slice(2);
const { purge, archivedRows } = await open();
process.stdout.write('ready\n');
process.stdin.once('data', async () => {
  await purgeArchive(
    { purge, handOver: createHandOver(folder, archivedRows), clock: Date.now },
    { olderThanMs: 0, batch: 3 },
    new AbortController().signal,
    ({ processes }) => process.stdout.write(`${processes}\n`),
  );
  process.stdout.write('done\n');
});

async function open(): Promise<Database> {
  const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
  if (target.startsWith('mssql:')) {
    const { openMssqlDatabase } = await import('../../infrastructure/sql/mssql/database.ts');
    return openMssqlDatabase({ ...options, url: target });
  }
  const { openSqliteDatabase } = await import('../../infrastructure/sql/sqlite/database.ts');
  return openSqliteDatabase({ ...options, file: target });
}
