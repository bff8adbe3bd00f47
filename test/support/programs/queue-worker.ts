import { createBullmqQueue } from '../../../infrastructure/redis/queue.ts';
import { silent } from '../queues.ts';

/** A process to be stopped or killed: begins start-instance jobs, prints each, and never ends one. */
const [url = '', prefix = '', stalledMs = ''] = process.argv.slice(2);
const queue = await createBullmqQueue({
  url,
  prefix,
  concurrency: 1,
  stalledMs: Number(stalledMs),
  log: silent,
});
await queue.work({
  'start-instance': async (job, { attempt }) => {
    process.stdout.write(`${job.correlationId} ${attempt}\n`);
    await new Promise(() => {});
  },
});
// Nothing else ends this process, so anything that the queue leaves open keeps it alive.
process.once('SIGTERM', () => void queue.close(100));
