import { createGroupCommit } from '../../../infrastructure/sqlite/group-commit.ts';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';

/** A process to be killed: writes rows without end, and prints each one that is reported durable. */
const db = openSqlite(process.argv[2] ?? '');
const { write } = createGroupCommit(db);
const insert = db.prepare('INSERT INTO numbers (n) VALUES (?)');
let next = 0;

async function writeForever(): Promise<void> {
  for (;;) {
    const n = next++;
    await write(() => insert.run(n));
    // Synchronous: standard output is a pipe.
    process.stdout.write(`${n}\n`);
  }
}
for (let caller = 0; caller < 20; caller++) void writeForever();
