import { writeSync } from 'node:fs';
import { purgeArchive } from '../../../domain/archive/purge-archive.ts';
import { createColdArchive } from '../../../infrastructure/files/cold-archive.ts';
import { openTarget } from './open-target.ts';
import { waitForGo } from './reports.ts';

/** A process to be killed: writes the cold archive and purges after `begin`, and reports its files and batches. */
const [target = '', folder = ''] = process.argv.slice(2);
const { purge, archivedRows } = await openTarget(target);
const coldArchive = createColdArchive(folder, archivedRows);
const report = await waitForGo();
await purgeArchive(
  {
    purge,
    coldArchive: {
      ...coldArchive,
      write(month, signal) {
        report(`writes ${month}`);
        return coldArchive.write(month, signal);
      },
    },
    clock: Date.now,
  },
  { olderThanMs: 0, batch: 3 },
  new AbortController().signal,
  ({ processes }) => report(processes),
);
writeSync(1, 'done\n');
