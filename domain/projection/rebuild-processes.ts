import { setImmediate as nextTurn } from 'node:timers/promises';
import { PARTITIONS, type Partition } from '../archive/index.ts';
import { foldPage } from './fold-page.ts';
import { foldStreams } from './fold-streams.ts';
import { type Checkpoint, type Counts, NO_COUNTS, parseCheckpoint } from './rebuild-checkpoint.ts';
import type { ExclusiveTables, RebuildStore, RebuildTables } from './rebuild-store.ts';

/** Streams left to catch up with that the swap may take care of. */
const MAX_STREAMS_AT_SWAP = 50;
/** Streams that are folded in one transaction, while writers wait. */
const MAX_STREAMS_AT_ONCE = 500;
/** Events that are searched at once for streams that have grown. */
const WINDOW = 5_000;
/**
 * Events before the mark that are searched once more at the swap: ids are given before the commit, and not every
 * server that speaks T-SQL keeps to the lock under which the mark is read.
 */
const OVERLAP = 1_000;

/** Another run works on the same tables now, so this one must end. */
export class TakenOverError extends Error {}

/** How a run ended. */
export type Outcome =
  | { kind: 'swapped'; counts: Counts; swapMs: number | null }
  /** The signal fired; the next run resumes. */
  | { kind: 'stopped' };

export interface RebuildOptions {
  /** The one process definition to rebuild; null: all. */
  processKey: string | null;
  /** Release and schema version of this code: a run does not resume what other code has folded. */
  madeBy: string;
  /** A unique name for this run. */
  run: string;
  signal: AbortSignal;
  /** How the run starts, and later `moved` when it has to start again. */
  onBegin(how: 'new' | 'resumed' | 'other-parameters' | 'moved'): void;
  /** Is awaited after each page. */
  onPage(counts: Counts): void | Promise<void>;
  /** Events of a page. */
  pageSize?: number;
  /** Milliseconds, from any start. */
  elapsed?: () => number;
}

/**
 * Computes the rows of processes again from their events, in shadow tables, and swaps these with the current
 * tables in one short transaction. Services run meanwhile: a stream that grows is folded again, in rounds, and
 * the last few streams within the swap. Each page is one transaction with its checkpoint.
 *
 * What is projected before the swap is in the new tables, because a stream is folded from its events and not from
 * its row. What is not projected by then has its job still to come.
 *
 * @throws TakenOverError when another run took over
 */
export async function rebuildProcesses(
  store: RebuildStore,
  options: RebuildOptions,
): Promise<Outcome> {
  const { processKey, run, signal, onBegin, onPage, elapsed = () => performance.now() } = options;
  const begun = await begin(store, options);
  if (!begun) return { kind: 'stopped' };
  let at = begun;
  /** Streams that the last round of catching up has folded. */
  let caughtUp = Number.POSITIVE_INFINITY;

  while (at.phase !== 'swapped') {
    if (signal.aborted) return { kind: 'stopped' };
    if (at.phase !== 'catch-up') {
      at = await fillOne(at, at.phase);
      await onPage(at.counts);
      // Others in this process wait for one page at most.
      await nextTurn();
      continue;
    }
    const before = caughtUp;
    caughtUp = await catchUp();
    // Many writers leave some streams behind in every round, and at some point these do not get fewer.
    if (signal.aborted || (caughtUp > MAX_STREAMS_AT_SWAP && caughtUp < before)) continue;
    const began = elapsed();
    const swapped = await store.exclusively((tables) => swap(tables, at));
    if (swapped === 'behind') continue;
    if (swapped !== 'moved') {
      at = swapped;
      return clean(elapsed() - began);
    }
    onBegin('moved');
    at = { ...at, ...(await start(store)) };
    await save(store, at);
  }
  return clean(null);

  async function fillOne(from: Checkpoint, partition: Partition): Promise<Checkpoint> {
    const { after, counts } = from;
    const page = await foldPage(store, partition, after, processKey, counts, options.pageSize);
    const isLast = page.range.upTo === null;
    const next: Checkpoint = {
      ...from,
      counts: page.counts,
      after: page.range.upTo ?? '',
      phase: isLast ? (partition === 'live' ? 'archived' : 'catch-up') : partition,
    };
    await store.transaction(async (tables) => {
      await save(tables, next);
      await tables.write(partition, page.range, page.rows, page.identifiers);
    });
    return next;
  }

  /** Folds streams that have grown since the mark, and moves the mark. Returns the number of streams. */
  async function catchUp(): Promise<number> {
    const upTo = await store.highWater();
    let streams = 0;
    while (at.mark < upTo && !signal.aborted) {
      const window = { after: at.mark, upTo: Math.min(at.mark + WINDOW, upTo) };
      let found: number;
      do {
        found = await store.transaction((tables) =>
          foldBehind(tables, window, MAX_STREAMS_AT_ONCE),
        );
        streams += found;
      } while (found >= MAX_STREAMS_AT_ONCE);
      at = { ...at, mark: window.upTo };
      await save(store, at);
    }
    return streams;
  }

  /**
   * Folds streams that have grown among these event ids, up to `limit` of each partition.
   *
   * @returns the larger of the two numbers
   */
  async function foldBehind(
    tables: RebuildTables,
    ids: { after: number; upTo: number },
    limit: number,
  ): Promise<number> {
    let most = 0;
    for (const partition of PARTITIONS) {
      const behind = await tables.streamsBehind(partition, ids, limit);
      most = Math.max(most, behind.length);
      if (behind.length === 0) continue;
      const folded = await foldStreams(tables, partition, behind, processKey);
      const rows = folded.flatMap(({ row }) => row ?? []);
      const identifiers = folded.flatMap((one) => (one.row && one.identifiers) || []);
      await tables.write(partition, behind, rows, identifiers);
    }
    return most;
  }

  async function swap(
    tables: ExclusiveTables,
    from: Checkpoint,
  ): Promise<Checkpoint | 'behind' | 'moved'> {
    // The commit may have succeeded and its answer may have been lost: then this runs a second time.
    const saved = parseCheckpoint(await tables.checkpoint());
    if (saved?.run === run && saved.phase === 'swapped') return saved;
    // A move of processes is counted in its own transaction, so this also holds if a lock was lost.
    if ((await tables.moves()) !== from.moves) return 'moved';
    const ids = { after: Math.max(0, from.mark - OVERLAP), upTo: Number.MAX_SAFE_INTEGER };
    if ((await foldBehind(tables, ids, MAX_STREAMS_AT_ONCE)) >= MAX_STREAMS_AT_ONCE) {
      return 'behind';
    }
    const next: Checkpoint = { ...from, phase: 'swapped' };
    await save(tables, next);
    await tables.swap();
    return next;
  }

  /** Drops the replaced tables. If it is killed here, the next run does that and nothing else. */
  async function clean(swapMs: number | null): Promise<Outcome> {
    await store.drop('replaced', signal);
    if (signal.aborted) return { kind: 'stopped' };
    await store.deleteCheckpoint();
    return { kind: 'swapped', counts: at.counts, swapMs };
  }

  async function save(tables: RebuildTables, checkpoint: Checkpoint): Promise<void> {
    if (await tables.saveCheckpoint(JSON.stringify(checkpoint), run)) return;
    throw new TakenOverError('another rebuild has taken over');
  }
}

/** Resumes a run with the same parameters, or starts a new one. Null when the signal fired. */
async function begin(store: RebuildStore, options: RebuildOptions): Promise<Checkpoint | null> {
  const { processKey, madeBy, run, signal, onBegin } = options;
  const found = await store.checkpoint();
  const saved = parseCheckpoint(found);
  const isSame = saved?.madeBy === madeBy && saved.processKey === processKey;
  if (isSame && (saved.phase === 'swapped' || (await store.hasShadows()))) {
    onBegin('resumed');
    const taken = { ...saved, run };
    await store.saveCheckpoint(JSON.stringify(taken), null);
    return taken;
  }
  onBegin(found === null ? 'new' : 'other-parameters');
  // First of all: no other run may resume with tables that are being dropped.
  await store.deleteCheckpoint();
  await store.drop('replaced', signal);
  await store.drop('shadows', signal);
  if (signal.aborted) return null;
  await store.createShadows();
  const fresh: Checkpoint = { run, madeBy, processKey, ...(await start(store)) };
  await store.saveCheckpoint(JSON.stringify(fresh), null);
  return fresh;
}

/** The start of every pass over all streams. It is read before the first stream, so that later events are seen. */
async function start(store: RebuildStore) {
  const [moves, mark] = [await store.moves(), await store.highWater()];
  return { phase: 'live' as const, after: '', moves, mark, counts: NO_COUNTS };
}
