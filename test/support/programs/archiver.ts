import { writeSync } from 'node:fs';
import type { Archive } from '../../../domain/archive/archive.ts';
import { archiveExpired } from '../../../domain/archive/archive-expired.ts';
import { whenTold } from './reports.ts';

/** A process to be killed: archives what has ended, as soon as it is told to, and reports each batch. */
const archive = await openArchive(process.argv[2] ?? '');
// What starts with the first batch is there when the word comes.
await archive.moveBatch({ endedBefore: '2000-01-01T00:00:00.000Z', limit: 1 });
const report = await whenTold();
// Far in the future: everything has ended long ago.
const clock = (): number => Date.now() + 3_600_000;
await archiveExpired(
  { archive, clock },
  { olderThanMs: 0, batch: 1 },
  new AbortController().signal,
  (_, { batches }) => report(batches),
);
writeSync(1, 'done\n');

/** Imports no more than it needs: many of these are started one after the other. */
async function openArchive(target: string): Promise<Pick<Archive, 'moveBatch'>> {
  const clock = Date.now;
  if (target.startsWith('mssql:')) {
    const { openMssqlDatabase } = await import('../../../infrastructure/sqlserver/database.ts');
    return (await openMssqlDatabase({ clock, leaseMs: 0, onAppended: () => {}, url: target }))
      .archive;
  }
  const { createArchiveMover } = await import('../../../infrastructure/sqlite/archive-mover.ts');
  return createArchiveMover(target, clock);
}
