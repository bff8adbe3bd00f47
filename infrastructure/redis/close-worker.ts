import type { Worker } from 'bullmq';

/** Milliseconds that closing by force may take. */
const FORCE_MS = 200;

/**
 * Waits for the running jobs of a worker, then lets go of them. A job whose worker is let go stays locked
 * in Redis until another worker finds it stalled.
 *
 * `close(true)` after `close()` gives BullMQ's first promise back, which waits for the job however long
 * it takes, and for ever when Redis is away; so the first close is forgotten.
 */
export async function closeWithin(worker: Worker, timeoutMs: number): Promise<void> {
  if (await within(worker.close(), timeoutMs)) return;
  worker.closing = undefined;
  await within(worker.close(true), FORCE_MS);
}

/** Whether it ended in that time. */
export async function within(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
