import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { whenTold } from './reports.ts';

/** A process to be killed: gives events their positions as fast as it can, and reports each that it gave last. */
const { eventFeed } = await openMssqlDatabase({
  url: process.argv[2] ?? '',
  clock: Date.now,
  leaseMs: 0,
  onAppended: () => {},
});
// The first connection is there when the word comes.
await eventFeed.head();
const report = await whenTold();
for (let last = ''; ; ) {
  const head = await eventFeed.head();
  if (head !== last) report(head);
  last = head;
}
