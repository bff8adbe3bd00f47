import { setImmediate as nextTurn } from 'node:timers/promises';
import { SCHEMA_VERSION } from '../../../migrations/index.ts';
import { type Checkpoint, type Counts, NO_COUNTS, parseCheckpoint } from './checkpoint.ts';
import { foldPage } from './fold-page.ts';
import { foldStreams } from './fold-streams.ts';
import { SIDES, type Side } from './sides.ts';
import type { ExclusiveTables, RebuildStore, RebuildTables } from './tables.ts';

/** Streams left to catch up with, of which the exchange may take care. */
const FEW = 50;
/** Streams that are folded in one transaction, while writers wait, at most. */
const MOST = 500;
/** Events that are looked through at once for streams that have gone on. */
const WINDOW = 5_000;
/**
 * Events before the mark that are looked at once more at the exchange: ids are given before the commit, and
 * not every server that speaks T-SQL keeps to the lock under which the mark is read.
 */
const OVERLAP = 1_000;

/** Another run has begun to work on the same tables, so this one no longer does. */
export class TakenOverError extends Error {}

/** How a run went. */
export type Outcome =
  | { kind: 'exchanged'; counts: Counts; exchangeMs: number | null }
  /** Told to stop; the next run goes on. */
  | { kind: 'stopped' };

export interface RebuildOptions {
  /** The one process to rebuild; null: all. */
  processKey: string | null;
  /** Of the code that folds: what another release has folded is not gone on with. */
  release: string;
  /** A name for this run that no other has. */
  run: string;
  signal: AbortSignal;
  /** Hears how the run begins: anew, or where another one was; and when it has to begin anew later. */
  onBegin(how: 'new' | 'resumed' | 'other-parameters' | 'moved'): void;
  /** Hears of each page, and is waited for. */
  onPage(counts: Counts): void | Promise<void>;
  /** Events of a page. */
  page?: number;
  /** Milliseconds, from any start. */
  elapsed?: () => number;
}

/**
 * Makes the rows of processes anew from their events, in shadow tables, and exchanges these for the tables
 * in one short transaction. Everything goes on meanwhile: a stream that grows is folded again, in rounds,
 * the last few streams within the exchange. Each page is one transaction with its checkpoint.
 *
 * What has been projected before the exchange is in the new tables, for a stream is folded from its events,
 * not from its row. What has not been projected by then has its job still to come.
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

  while (at.phase !== 'exchanged') {
    if (signal.aborted) return { kind: 'stopped' };
    if (at.phase !== 'catch-up') {
      at = await fillOne(at, at.phase);
      await onPage(at.counts);
      // Others in this process wait no longer than for a page.
      await nextTurn();
      continue;
    }
    const before = caughtUp;
    caughtUp = await catchUp();
    // Many writers leave some behind in every round, and they do not get fewer for ever.
    if (signal.aborted || (caughtUp > FEW && caughtUp < before)) continue;
    const began = elapsed();
    const exchanged = await store.exclusively((tables) => exchange(tables, at));
    if (exchanged === 'behind') continue;
    if (exchanged !== 'moved') {
      at = exchanged;
      return clean(elapsed() - began);
    }
    onBegin('moved');
    at = { ...at, ...(await start(store)) };
    await note(store, at);
  }
  return clean(null);

  async function fillOne(from: Checkpoint, side: Side): Promise<Checkpoint> {
    const page = await foldPage(store, side, from.after, processKey, from.counts, options.page);
    const ended = page.range.upTo === null;
    const next: Checkpoint = {
      ...from,
      counts: page.counts,
      after: page.range.upTo ?? '',
      phase: ended ? (side === 'live' ? 'archive' : 'catch-up') : side,
    };
    await store.transaction(async (tables) => {
      await note(tables, next);
      await tables.write(side, page.range, page.rows);
    });
    return next;
  }

  /** Folds again what has gone on since the mark, and moves that. Returns the number of streams. */
  async function catchUp(): Promise<number> {
    const upTo = await store.highWater();
    let streams = 0;
    while (at.mark < upTo && !signal.aborted) {
      const window = { after: at.mark, upTo: Math.min(at.mark + WINDOW, upTo) };
      let found: number;
      do {
        found = await store.transaction((tables) => foldBehind(tables, window, MOST));
        streams += found;
      } while (found >= MOST);
      at = { ...at, mark: window.upTo };
      await note(store, at);
    }
    return streams;
  }

  /** Folds streams with new events among these ids. Returns their number; so many at most on a side. */
  async function foldBehind(
    tables: RebuildTables,
    ids: { after: number; upTo: number },
    limit: number,
  ): Promise<number> {
    let most = 0;
    for (const side of SIDES) {
      const behind = await tables.behind(side, ids, limit);
      most = Math.max(most, behind.length);
      if (behind.length === 0) continue;
      const folded = await foldStreams(tables, side, behind, processKey);
      await tables.write(
        side,
        behind,
        folded.flatMap(({ row }) => row ?? []),
      );
    }
    return most;
  }

  async function exchange(
    tables: ExclusiveTables,
    from: Checkpoint,
  ): Promise<Checkpoint | 'behind' | 'moved'> {
    // The commit may have been done and its answer lost: then this comes a second time.
    const noted = parseCheckpoint(await tables.checkpoint());
    if (noted?.run === run && noted.phase === 'exchanged') return noted;
    // Whoever moves processes counts it in the same transaction, so this also holds if a lock was lost.
    if ((await tables.moves()) !== from.moves) return 'moved';
    const ids = { after: Math.max(0, from.mark - OVERLAP), upTo: Number.MAX_SAFE_INTEGER };
    if ((await foldBehind(tables, ids, MOST)) >= MOST) return 'behind';
    const next: Checkpoint = { ...from, phase: 'exchanged' };
    await note(tables, next);
    await tables.exchange();
    return next;
  }

  /** Removes what the exchange left. Killed here, the next run does it and makes nothing anew. */
  async function clean(exchangeMs: number | null): Promise<Outcome> {
    await store.drop('replaced', signal);
    if (signal.aborted) return { kind: 'stopped' };
    await store.forget();
    return { kind: 'exchanged', counts: at.counts, exchangeMs };
  }

  async function note(tables: RebuildTables, checkpoint: Checkpoint): Promise<void> {
    if (await tables.note(JSON.stringify(checkpoint), run)) return;
    throw new TakenOverError('another rebuild has taken over');
  }
}

/** Goes on where a run with the same parameters was, or begins anew. Null when told to stop. */
async function begin(store: RebuildStore, options: RebuildOptions): Promise<Checkpoint | null> {
  const { processKey, release, run, signal, onBegin } = options;
  const found = await store.checkpoint();
  const known = parseCheckpoint(found);
  const same =
    known?.release === release &&
    known.schemaVersion === SCHEMA_VERSION &&
    known.processKey === processKey;
  if (same && (known.phase === 'exchanged' || (await store.hasShadows()))) {
    onBegin('resumed');
    const taken = { ...known, run };
    await store.note(JSON.stringify(taken), null);
    return taken;
  }
  onBegin(found === null ? 'new' : 'other-parameters');
  // First of all: nobody goes on with tables of which only the names are left.
  await store.forget();
  await store.drop('replaced', signal);
  await store.drop('shadows', signal);
  if (signal.aborted) return null;
  await store.createShadows();
  const params = { run, release, schemaVersion: SCHEMA_VERSION, processKey };
  const fresh: Checkpoint = { ...params, ...(await start(store)) };
  await store.note(JSON.stringify(fresh), null);
  return fresh;
}

/** Where every pass over all streams begins. Read before the first stream: what comes after is seen. */
async function start(store: RebuildStore) {
  const [moves, mark] = [await store.moves(), await store.highWater()];
  return { phase: 'live' as const, after: '', moves, mark, counts: NO_COUNTS };
}
