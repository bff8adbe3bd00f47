import { createHandOver } from '../../infrastructure/hand-over/hand-over.ts';
import { purgeArchive } from '../../jobs/purge-archive.ts';
import { openTarget } from './open-target.ts';

/** A process to be killed: hands over and purges what is archived, as soon as it is told to. */
const [target = '', folder = ''] = process.argv.slice(2);
const { purge, archivedRows } = await openTarget(target);
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
