import BetterSqlite3 from 'better-sqlite3';

/**
 * Preloaded (`--import`) into a process with the embedded engine: kills it with -9 when it takes off the KILL_AT-th root
 * that a signal was on its way to. So the kill hits a batch that is being delivered, on any machine.
 */
const killAt = Number(process.env.KILL_AT);
const db = new BetterSqlite3(':memory:');
const statement = Object.getPrototypeOf(db.prepare('SELECT 1')) as {
  run: (this: { source: string }, ...values: unknown[]) => unknown;
};
const { run } = statement;
db.close();
let delivered = 0;
statement.run = function counted(...values) {
  if (this.source.startsWith('DELETE FROM engine_signal_receiver') && ++delivered === killAt) {
    process.kill(process.pid, 'SIGKILL');
  }
  return run.apply(this, values);
};
