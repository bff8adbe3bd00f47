import type { Worker } from 'node:worker_threads';
import { StoreUnavailableError } from '../../domain/common/index.ts';
import type { BoundedRows } from '../sql/bounded-rows.ts';
import type { ReadAnswer, ReadQuestion } from './read-thread.ts';
import { startThread } from './start-thread.ts';

export interface ReadThreads {
  /**
   * The rows of a SELECT up to the bytes that were asked for, which sees what is committed when it begins. The signal breaks it off, wherever
   * it is.
   *
   * @throws StoreUnavailableError when the statement fails, or the threads are closed
   * @throws the signal's reason
   */
  read<Row>(question: ReadQuestion, signal?: AbortSignal): Promise<BoundedRows<Row>>;
  close(): Promise<void>;
}

/** Statements at once: a long one leaves room for the short ones, and one core for everything else. */
const MOST_THREADS = 2;
/** With those whose statement was broken off: they end when it comes to a row, or to its end. */
const MOST_WITH_ENDING = 4;

interface Asked {
  question: ReadQuestion;
  signal: AbortSignal | undefined;
  resolve(rows: BoundedRows<never>): void;
  reject(error: unknown): void;
}

/**
 * Reads off the event loop: better-sqlite3 holds up the thread it is called in until the last row is there.
 * Threads are started when there is something to do, and keep no process from ending.
 */
export function createReadThreads(file: string): ReadThreads {
  const idle: Worker[] = [];
  const busy = new Map<Worker, Asked>();
  const waiting: Asked[] = [];
  let ending = 0;
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
    return busy.size < MOST_THREADS && busy.size + ending < MOST_WITH_ENDING;
  }

  function start(): Worker {
    const worker = startThread('./read-thread', { file });
    worker.on('message', (answer: ReadAnswer) => {
      const asked = busy.get(worker);
      // Its answer was under way when it was broken off: it ends, and takes no other question.
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

  /** SQLite has no other way to break a statement off that better-sqlite3 would offer. */
  function breakOff(asked: Asked): void {
    const at = waiting.indexOf(asked);
    if (at >= 0) waiting.splice(at, 1);
    for (const [worker, current] of busy) {
      if (current !== asked) continue;
      busy.delete(worker);
      ending++;
      void worker.terminate().then(() => {
        ending--;
        next();
      });
    }
    asked.reject(asked.signal?.reason);
  }

  return {
    async read<Row>(question: ReadQuestion, signal?: AbortSignal) {
      signal?.throwIfAborted();
      if (closed) throw unavailable('it is closed');
      let asked: Asked | undefined;
      const onAbort = (): void => asked && breakOff(asked);
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
      await Promise.all([...idle, ...busy.keys()].map((worker) => worker.terminate()));
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
