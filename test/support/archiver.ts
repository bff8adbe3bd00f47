import type { Archive } from '../../domain/ports/archive.ts';
import { archiveExpired } from '../../jobs/archive-expired.ts';

/** A process to be killed: archives what has ended, as soon as it is told to, and says so of each batch. */
const archive = await openArchive(process.argv[2] ?? '');
process.stdout.write('ready\n');
process.stdin.once('data', async () => {
  // Far in the future: everything has ended long ago.
  const clock = (): number => Date.now() + 3_600_000;
  await archiveExpired(
    { archive, clock, log: { info: () => {} } },
    { olderThanMs: 0, batch: 1, pauseMs: 0 },
    new AbortController().signal,
    ({ batches }) => process.stdout.write(`${batches}\n`),
  );
  process.stdout.write('done\n');
});

/** Imports no more than it needs: many of these are started one after the other. */
async function openArchive(target: string): Promise<Archive> {
  const clock = Date.now;
  if (target.startsWith('mssql:')) {
    const { openMssqlDatabase } = await import('../../infrastructure/sql/mssql/database.ts');
    return (await openMssqlDatabase({ clock, leaseMs: 0, onAppended: () => {}, url: target }))
      .archive;
  }
  const { createSqliteArchive } = await import('../../infrastructure/sql/sqlite/archive.ts');
  const { createGroupCommit } = await import('../../infrastructure/sql/sqlite/group-commit.ts');
  const { openSqlite } = await import('../../infrastructure/sql/sqlite/open.ts');
  const db = openSqlite(target);
  const preview = () => Promise.reject(new Error('nobody asks'));
  return createSqliteArchive({ db, groupCommit: createGroupCommit(db), clock, preview });
}
