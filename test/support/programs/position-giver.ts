import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { waitForGo } from './reports.ts';

/** A process to be killed: assigns feed positions as fast as it can, and reports each new head. */
const { eventFeed } = await openMssqlDatabase({
  url: process.argv[2] ?? '',
  clock: Date.now,
  leaseMs: 0,
  onAppended: () => {},
});
// Warm-up: opens the first connection.
await eventFeed.head();
const report = await waitForGo();
for (let last = ''; ; ) {
  const head = await eventFeed.head();
  if (head !== last) report(head);
  last = head;
}
