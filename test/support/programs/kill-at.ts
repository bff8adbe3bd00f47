import { writeSync } from 'node:fs';
import { getEnvironmentData } from 'node:worker_threads';
import BetterSqlite3 from 'better-sqlite3';

/**
 * Preloaded (`--import`) into a process to be killed: kills it with -9 when one of its threads has run as many writing
 * statements as the environment data `kill-at` says. Statements are counted instead of time, so that the kill hits the
 * process during its work on any machine. A thread that ends reports how many it has run.
 */
const db = new BetterSqlite3(':memory:');
const statement = Object.getPrototypeOf(db.prepare('SELECT 1')) as {
  run: (...values: unknown[]) => unknown;
};
const { run } = statement;
db.close();
let count = 0;
statement.run = function counted(...values) {
  const killAt = getEnvironmentData('kill-at');
  if (killAt !== undefined && ++count === killAt) process.kill(process.pid, 'SIGKILL');
  return run.apply(this, values);
};
process.on('exit', () => {
  if (count > 0) writeSync(2, `statements ${count}\n`);
});
