import { parentPort, workerData } from 'node:worker_threads';
import type { Batch, BatchOptions } from '../../domain/archive/index.ts';
import { StoreUnavailableError } from '../../domain/common/index.ts';
import { createGroupCommit } from './group-commit.ts';
import { createBatchMover } from './move-batch.ts';
import { openSqlite } from './open.ts';
import { openWalSize } from './wal-size.ts';

/** A batch to move, or the end of the thread after the batches before. */
export type Question = { id: number; options: BatchOptions; archivedAt: string } | 'end';

export type Answer =
  | { id: number; batch: Batch }
  | { id: number; error: string; unavailable: boolean };

/**
 * Pages in the write-ahead log at which this thread copies them to the file. Fewer than at the connections of the
 * live writes (`open.ts`), which would otherwise do that in the middle of a commit.
 */
const CHECKPOINT_PAGES = 8_000;
/** Kibibytes of cached pages: the rows of a batch are spread over the indexes. */
const CACHE_KIB = 64_000;

/**
 * Moves batches on a thread and a connection of its own, so that neither the work nor the disk syncs block the event
 * loop. A commit is not synced: a power cut may undo the last batches, together with everything that was committed
 * after them, and leaves their processes live.
 */
const { file } = workerData as { file: string };
const db = openSqlite(file, 'ordered');
db.pragma('wal_autocheckpoint = 0');
db.pragma(`cache_size = -${CACHE_KIB}`);
const groupCommit = createGroupCommit(db);
const mover = createBatchMover(db);
const walSize = openWalSize(file);
let last: Promise<void> = Promise.resolve();

parentPort?.on('message', (question: Question) => {
  last = last.then(() => (question === 'end' ? end() : answer(question)));
});

async function answer(question: Exclude<Question, 'end'>): Promise<void> {
  parentPort?.postMessage(await tryToMove(question));
  // After the transaction and without a lock: others write meanwhile.
  if (walSize.pages() >= CHECKPOINT_PAGES) db.pragma('wal_checkpoint(PASSIVE)');
}

async function tryToMove({ id, options, archivedAt }: Exclude<Question, 'end'>): Promise<Answer> {
  try {
    return { id, batch: await move(options, archivedAt) };
  } catch (error) {
    return {
      id,
      error: error instanceof Error ? error.message : String(error),
      unavailable: error instanceof StoreUnavailableError,
    };
  }
}

async function move(options: BatchOptions, archivedAt: string): Promise<Batch> {
  // Usually there is nothing to do; that should not wait for a writer, or be one.
  if (!mover.any(options)) {
    return { processes: 0, events: 0, ms: 0, next: null, newestEvent: null };
  }
  let began = 0;
  const moved = await groupCommit.write(() => {
    began = performance.now();
    return mover.move(options, archivedAt);
  });
  return { ...moved, ms: performance.now() - began };
}

function end(): void {
  walSize.close();
  db.close();
  parentPort?.close();
}
