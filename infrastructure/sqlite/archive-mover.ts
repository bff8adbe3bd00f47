import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { Archive, Batch } from '../../domain/archive/index.ts';
import { type Clock, StoreUnavailableError } from '../../domain/common/index.ts';
import type { Answer, Question } from './archive-thread.ts';
import { startThread } from './start-thread.ts';

interface Caller {
  resolve(batch: Batch): void;
  reject(error: Error): void;
}

/** Moves batches in a thread, which starts with the first one and does not keep the process alive. */
export function createArchiveMover(
  file: string,
  clock: Clock,
): { moveBatch: Archive['moveBatch']; close(): Promise<void> } {
  const callers = new Map<number, Caller>();
  let thread: Worker | undefined;
  let asked = 0;

  function start(): Worker {
    const worker = startThread('./archive-thread', { file });
    worker.on('message', (answer: Answer) => {
      const caller = callers.get(answer.id);
      callers.delete(answer.id);
      if (callers.size === 0) worker.unref();
      if ('batch' in answer) caller?.resolve(answer.batch);
      else caller?.reject(errorOf(answer));
    });
    worker.on('error', (cause) => giveUp(worker, cause));
    worker.once('exit', () => giveUp(worker));
    return worker;
  }

  /** The batch that it had begun is not committed. */
  function giveUp(worker: Worker, cause?: unknown): void {
    if (thread !== worker) return;
    thread = undefined;
    const error = new StoreUnavailableError('the archive thread ended; nothing was moved', {
      cause,
    });
    for (const { reject } of callers.values()) reject(error);
    callers.clear();
  }

  return {
    moveBatch: (options) =>
      new Promise((resolve, reject) => {
        thread ??= start();
        thread.ref();
        const id = asked++;
        callers.set(id, { resolve, reject });
        const archivedAt = new Date(clock()).toISOString();
        thread.postMessage({ id, options, archivedAt } satisfies Question);
      }),
    async close() {
      if (!thread) return;
      const ended = once(thread, 'exit');
      thread.ref();
      thread.postMessage('end' satisfies Question);
      await ended;
    },
  };
}

function errorOf({ error, unavailable }: Extract<Answer, { error: string }>): Error {
  return unavailable ? new StoreUnavailableError(error) : new Error(error);
}
