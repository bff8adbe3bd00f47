import { openMssqlDatabase } from '../../infrastructure/sql/mssql/database.ts';

/** A process to be killed: gives events their positions as fast as it can. */
const { eventFeed } = await openMssqlDatabase({
  url: process.argv[2] ?? '',
  clock: Date.now,
  leaseMs: 0,
  onAppended: () => {},
});
// The first connection is there when the word comes.
await eventFeed.head();
process.stdout.write('ready\n');
process.stdin.once('data', async () => {
  for (;;) await eventFeed.head();
});
