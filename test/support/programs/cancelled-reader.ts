import { createReadThreads } from '../../../infrastructure/sqlite/read-threads.ts';

/** How long a thread takes until it opens the file is not known, so the cancellations are spread over these milliseconds. */
const FROM_MS = 20;
const SPREAD_MS = 25;

/** Reads a file that does not exist, cancels each read, most while its thread starts, and prints how many were refused. */
const [file = '', times = '0'] = process.argv.slice(2);
const threads = createReadThreads(file);
let refused = 0;
for (let at = 0; at < Number(times); at++) {
  const cancelling = new AbortController();
  const question = { sql: 'SELECT 1', bound: [], maxBytes: 1 };
  const read = threads.read(question, cancelling.signal).catch(() => refused++);
  setTimeout(
    () => cancelling.abort(new Error('enough')),
    FROM_MS + (SPREAD_MS * at) / Number(times),
  );
  await read;
}
await threads.close();
process.stdout.write(`${refused} refused`);
