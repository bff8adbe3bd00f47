import type { Worker } from 'node:worker_threads';
import { StoreUnavailableError } from '../../domain/common/index.ts';
import type { BoundedRows } from '../sql/bounded-rows.ts';
import type { Opened, ReadAnswer, ReadQuestion } from './read-thread.ts';
import { startThread } from './start-thread.ts';

interface ReadThreads {
  /**
   * The rows of a SELECT, which sees what is committed when it begins, up to `maxBytes`. The signal cancels it at any
   * point.
   *
   * @throws StoreUnavailableError when the statement fails, or the threads are closed
   * @throws the signal's reason
   */
  read<Row>(question: ReadQuestion, signal?: AbortSignal): Promise<BoundedRows<Row>>;
  close(): Promise<void>;
}

/** Statements at once: a long one leaves room for short ones, and one core for everything else. */
const MAX_THREADS = 2;
/** Including threads whose statement was cancelled: they end when it reaches a row, or its end. */
const MAX_WITH_ENDING = 4;

interface Asked {
  question: ReadQuestion;
  signal: AbortSignal | undefined;
  resolve(rows: BoundedRows<never>): void;
  reject(error: unknown): void;
}

/**
 * Reads in threads, because better-sqlite3 blocks the thread that calls it until it has the last row. Threads start
 * when they are needed, and do not keep the process alive.
 */
export function createReadThreads(file: string): ReadThreads {
  const idle: Worker[] = [];
  const busy = new Map<Worker, Asked>();
  const waiting: Asked[] = [];
  /** Threads that end, which must not be asked any more. */
  const ending = new Set<Promise<void>>();
  /** Fulfilled when the thread has opened the file, or has ended. */
  const opened = new WeakMap<Worker, Promise<void>>();
  let closed = false;

  function next(): void {
    while (waiting.length > 0 && (idle.length > 0 || hasRoom())) {
      const asked = waiting.shift() as Asked;
      const worker = idle.pop() ?? start();
      busy.set(worker, asked);
      worker.ref();
      worker.postMessage(asked.question);
    }
  }

  function hasRoom(): boolean {
    return busy.size < MAX_THREADS && busy.size + ending.size < MAX_WITH_ENDING;
  }

  function start(): Worker {
    const worker = startThread('./read-thread', { file });
    const isOpen = new Promise<void>((resolve) => {
      worker.once('message', () => resolve());
      worker.once('exit', () => resolve());
    });
    opened.set(worker, isOpen);
    worker.on('message', (answer: ReadAnswer | Opened) => {
      if (answer === 'opened') return;
      const asked = busy.get(worker);
      // The answer was on its way when the statement was cancelled: the thread ends, and takes no other one.
      if (!asked) return;
      busy.delete(worker);
      worker.unref();
      idle.push(worker);
      if ('error' in answer) asked.reject(unavailable(answer.error));
      else asked.resolve({ ...answer, rows: toRows(answer) as never[] });
      next();
    });
    worker.on('error', (cause) => lose(worker, cause));
    worker.once('exit', () => lose(worker));
    return worker;
  }

  function lose(worker: Worker, cause?: unknown): void {
    const at = idle.indexOf(worker);
    if (at >= 0) idle.splice(at, 1);
    const asked = busy.get(worker);
    busy.delete(worker);
    asked?.reject(unavailable('the thread ended', cause));
    next();
  }

  /** better-sqlite3 has no other way to cancel a statement. */
  function cancel(asked: Asked): void {
    const at = waiting.indexOf(asked);
    if (at >= 0) waiting.splice(at, 1);
    for (const [worker, current] of busy) {
      if (current !== asked) continue;
      busy.delete(worker);
      void end(worker);
    }
    asked.reject(asked.signal?.reason);
  }

  /**
   * Race: when a thread is terminated while it opens the file, and that fails, better-sqlite3 cannot throw the error, and V8
   * aborts the process.
   */
  async function end(worker: Worker): Promise<void> {
    const ended = (async () => {
      await opened.get(worker);
      await worker.terminate();
    })();
    ending.add(ended);
    await ended;
    ending.delete(ended);
    next();
  }

  return {
    async read<Row>(question: ReadQuestion, signal?: AbortSignal) {
      signal?.throwIfAborted();
      if (closed) throw unavailable('it is closed');
      let asked: Asked | undefined;
      const onAbort = (): void => asked && cancel(asked);
      try {
        return await new Promise<BoundedRows<Row>>((resolve, reject) => {
          asked = { question, signal, resolve, reject };
          signal?.addEventListener('abort', onAbort, { once: true });
          waiting.push(asked);
          next();
        });
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
    async close() {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(unavailable('it is closed'));
      for (const worker of [...idle, ...busy.keys()]) void end(worker);
      await Promise.all(ending);
    },
  };
}

function toRows({ columns, rows }: Extract<ReadAnswer, { columns: string[] }>): object[] {
  return rows.map((row) => {
    const named: Record<string, unknown> = {};
    for (const [at, column] of columns.entries()) named[column] = row[at];
    return named;
  });
}

function unavailable(reason: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError(`the database could not be read: ${reason}`, { cause });
}
