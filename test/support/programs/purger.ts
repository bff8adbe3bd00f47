import { writeSync } from 'node:fs';
import { purgeArchive } from '../../../domain/archive/purge-archive.ts';
import { createColdArchive } from '../../../infrastructure/files/cold-archive.ts';
import { openTarget } from './open-target.ts';
import { waitForGo } from './reports.ts';

/** A process to be killed: writes the cold archive and purges after `begin`, and reports its files and batches. */
const [target = '', folder = ''] = process.argv.slice(2);
const { purge, archivedRows } = await openTarget(target);
const coldArchive = createColdArchive(folder, archivedRows, { maxEvents: 8 });
const report = await waitForGo();
await purgeArchive(
  {
    purge,
    coldArchive: {
      ...coldArchive,
      writePart(month, after, signal) {
        report(`writes ${month}`);
        return coldArchive.writePart(month, after, signal);
      },
    },
    clock: Date.now,
  },
  { olderThanMs: 0, batch: 3 },
  new AbortController().signal,
  ({ processes }) => report(processes),
);
writeSync(1, 'done\n');
