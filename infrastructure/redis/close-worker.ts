import type { Worker } from 'bullmq';

/** A worker, and how to close its connection. */
export interface RunningWorker {
  worker: Worker;
  disconnect: () => void;
}

const FORCED_CLOSE_TIMEOUT_MS = 200;

/**
 * Closes a worker and its connection: waits for its running jobs for `timeoutMs`, then closes it by force. A job that
 * still runs stays locked in Redis until another worker finds it stalled.
 *
 * BullMQ returns the promise of the first `close()` from `close(true)` too, and that one waits for the jobs, for ever
 * when Redis is away. So `closing` is reset in between.
 */
export async function closeWithin(
  { worker, disconnect }: RunningWorker,
  timeoutMs: number,
): Promise<void> {
  if (!(await within(worker.close(), timeoutMs))) {
    worker.closing = undefined;
    await within(worker.close(true), FORCED_CLOSE_TIMEOUT_MS);
  }
  disconnect();
}

/** Whether the work ended within that time. */
async function within(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  try {
    return await Promise.race([work.then(() => true), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
