import { writeSync } from 'node:fs';
import type { Archive } from '../../../domain/archive/archive.ts';
import { archiveExpired } from '../../../domain/archive/archive-expired.ts';
import { waitForGo } from './reports.ts';

/** A process to be killed: archives ended processes after `begin`, and reports each batch. */
const archive = await openArchive(process.argv[2] ?? '');
// Warm-up: the first batch also opens what later ones use.
await archive.moveBatch({ endedBefore: '2000-01-01T00:00:00.000Z', limit: 1 });
const report = await waitForGo();
// In the future, so that every process ended long enough ago.
const clock = (): number => Date.now() + 3_600_000;
await archiveExpired(
  { archive, clock },
  { olderThanMs: 0, batch: 1 },
  new AbortController().signal,
  (_, { batches }) => report(batches),
);
writeSync(1, 'done\n');

/** Imports only what it needs, because tests start many of these one after the other. */
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
