import { createBullmqQueue } from '../../../infrastructure/redis/queue.ts';
import { silent } from '../queues.ts';

/** A process to be killed: runs one timed job and prints the begin and end of each run. */
const [url = '', prefix = '', stalledMs = '', everyMs = '', runMs = ''] = process.argv.slice(2);
const queue = await createBullmqQueue({
  url,
  prefix,
  concurrency: 1,
  stalledMs: Number(stalledMs),
  log: silent,
});
await queue.schedule('reconcile-processes', { everyMs: Number(everyMs) }, async () => {
  process.stdout.write(`begin ${Date.now()}\n`);
  await new Promise((resolve) => setTimeout(resolve, Number(runMs)));
  process.stdout.write(`end ${Date.now()}\n`);
});
process.once('SIGTERM', () => void queue.close(5_000));
