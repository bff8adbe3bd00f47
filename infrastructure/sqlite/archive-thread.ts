import { parentPort, workerData } from 'node:worker_threads';
import type { Batch, BatchOptions } from '../../domain/archive/index.ts';
import { StoreUnavailableError } from '../../domain/common/index.ts';
import { createGroupCommit } from './group-commit.ts';
import { createBatchMover } from './move-batch.ts';
import { openSqlite } from './open.ts';
import { openWalSize } from './wal-size.ts';

/** What the thread is asked: a batch, or to end after those that it was asked for. */
export type Question = { id: number; options: BatchOptions; archivedAt: string } | 'end';

export type Answer =
  | { id: number; batch: Batch }
  | { id: number; error: string; unavailable: boolean };

/**
 * Pages in the write-ahead log before this thread takes them over into the file. Fewer than the connections
 * of the live writes let it have (`open.ts`): they would otherwise do that in the middle of a commit.
 */
const CHECKPOINT_PAGES = 8_000;
/** Kibibytes of pages that are kept: the indexes that the rows of a batch are all over. */
const CACHE_KIB = 64_000;

/**
 * Moves batches on a thread and a connection of its own, so that neither the work nor the syncs of the disk
 * hold up the event loop. A commit is not synced: a power cut may take the last batches back, together with
 * all that was committed after them, and leaves their processes live.
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
  // Afterwards and without a lock: others write on meanwhile.
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
  // Nothing to do is the usual answer, and should not wait for, or be, a writer.
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
