import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { requested } from '../events.ts';

/** One of several processes on one database file: appends to a stream of its own and to one that all share. */
const [file = '', count = '0'] = process.argv.slice(2);
const database = await openSqliteDatabase({
  file,
  clock: Date.now,
  leaseMs: 0,
  onAppended: () => {},
});
const versions: number[] = [];
for (let at = 0; at < Number(count); at++) {
  const [own, shared] = await Promise.all([
    database.eventStore.append(`own-${process.pid}`, [requested()]),
    database.eventStore.append('shared', [requested()]),
    database.processStore.project('shared'),
  ]);
  versions.push(own.events[0]?.version ?? 0, shared.events[0]?.version ?? 0);
}
await database.close();
process.stdout.write(`${versions.length}\n`);
