import { type IncomingMessage, Server, ServerResponse } from 'node:http';
import BetterSqlite3 from 'better-sqlite3';

/**
 * Preloaded (`--import`) into a service. A header of a request says what happens while that request is answered:
 *
 * - `test-kill-at: 7` kills the process with -9 before its seventh writing statement since the request came, begins and
 *   ends of transactions included; `test-kill-at: journaled` right after the commit of an event; `test-kill-at: answer`
 *   before the answer is written. Statements are counted instead of time, so that the kill hits the process during its
 *   work on any machine.
 * - `test-lock: after-journal` takes the database file from the service, with a connection of its own, as soon as an
 *   event is committed, until the answer is written; `test-lock: at-once` takes it as soon as the request has come.
 */
const memory = new BetterSqlite3(':memory:');
const statement = Object.getPrototypeOf(memory.prepare('SELECT 1')) as BetterSqlite3.Statement;
const { run } = statement;
const { emit } = Server.prototype;
const { writeHead } = ServerResponse.prototype;
memory.close();

let request: { killAt: string; lock: string } | undefined;
let count = 0;
let hasEvent = false;
let lock: BetterSqlite3.Database | undefined;
let file = '';

const die = (): void => void process.kill(process.pid, 'SIGKILL');
type Any = (...given: unknown[]) => unknown;

function lockFile(): void {
  lock = new BetterSqlite3(file);
  lock.exec('BEGIN IMMEDIATE');
}

statement.run = function during(...values) {
  file = this.database.name;
  if (!request) return run.apply(this, values);
  if (++count === Number(request.killAt)) die();
  const done = run.apply(this, values);
  if (this.source.startsWith('INSERT INTO event_log')) hasEvent = true;
  if (this.source === 'COMMIT' && hasEvent) {
    if (request.killAt === 'journaled') die();
    if (request.lock === 'after-journal' && !lock) lockFile();
  }
  return done;
};

Server.prototype.emit = function during(this: Server, ...given: unknown[]) {
  const [event, { headers = {} } = {}] = given as [string, Partial<IncomingMessage>?];
  if (event === 'request' && ('test-kill-at' in headers || 'test-lock' in headers)) {
    const { 'test-kill-at': killAt, 'test-lock': locked } = headers;
    request = { killAt: String(killAt), lock: String(locked) };
    if (locked === 'at-once') lockFile();
  }
  return (emit as Any).apply(this, given) as boolean;
};

ServerResponse.prototype.writeHead = function during(this: ServerResponse, ...given: unknown[]) {
  const { 'test-kill-at': killAt, 'test-lock': locked } = this.req.headers;
  if (killAt === 'answer') die();
  if (killAt !== undefined || locked !== undefined) {
    lock?.close();
    request = undefined;
  }
  return (writeHead as Any).apply(this, given) as ServerResponse;
};
