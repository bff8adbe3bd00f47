import { createBatchSize, sleep } from '../common/index.ts';
import { deltasOf } from './rollup.ts';
import type { RollupSource, RollupState, RollupStore } from './rollups.ts';

interface RollupOptions {
  /** Events in one transaction, at most. */
  batch: number;
}

/** What a run has added so far. */
export interface RollupTotals {
  batches: number;
  events: number;
}

/** How many events a batch added, and the milliseconds of its transaction. */
interface RolledBatch {
  events: number;
  ms: number;
  /** Of the last of them. */
  position: string;
}

/** The shortest delay after a batch, in which others get the database. */
const MIN_DELAY_MS = 2;

/**
 * Adds the events after the position of the rollups to them, batch by batch, up to the head or until the signal
 * fires. Each batch is one transaction with its position, so a run may be ended anywhere, also by force, and two
 * runs at once add every event once. Batches have as many events as fit into `batchMs`. Waits after each batch for
 * as long as it took.
 *
 * @param onBatch receives each batch, and the totals after it
 * @throws StoreUnavailableError when the database is unavailable; what was added stays
 */
export async function rollupEvents(
  ports: {
    source: Pick<RollupSource, 'page'>;
    store: Pick<RollupStore, 'state' | 'apply' | 'batchMs'>;
  },
  options: RollupOptions,
  signal: AbortSignal,
  onBatch: (batch: RolledBatch, totals: RollupTotals) => void = () => {},
): Promise<RollupTotals> {
  const { store } = ports;
  const totals: RollupTotals = { batches: 0, events: 0 };
  const size = createBatchSize(options.batch, store.batchMs);
  let at = await store.state();
  while (!signal.aborted) {
    const began = performance.now();
    const added = await addPage(ports, at, size.next(), signal);
    if (added === 'elsewhere') {
      // Another run was faster, or a rebuild has swapped the generation.
      at = await store.state();
    } else {
      at = added.state;
      if (added.events > 0) {
        size.learn(added.events, added.ms);
        totals.batches++;
        totals.events += added.events;
        const { events, ms } = added;
        onBatch({ events, ms, position: at.position }, { ...totals });
      }
      if (added.atEnd) break;
    }
    await sleep(Math.max(MIN_DELAY_MS, performance.now() - began), signal);
  }
  return totals;
}

/** One page of events that was added. */
interface AddedPage {
  state: RollupState;
  events: number;
  /** Milliseconds of the transaction. */
  ms: number;
  atEnd: boolean;
}

/** Adds the events after a position; `elsewhere` when the generation is at another position, or was replaced. */
export async function addPage(
  { source, store }: { source: Pick<RollupSource, 'page'>; store: Pick<RollupStore, 'apply'> },
  at: RollupState,
  limit: number,
  signal: AbortSignal,
): Promise<AddedPage | 'elsewhere'> {
  const { generation, position: from } = at;
  const { items, lookedTo: to, atEnd } = await source.page(from, limit, signal);
  if (to === from) return { state: at, events: 0, ms: 0, atEnd: true };
  // Times do not rise with the positions.
  const rolledUpTo = items.reduce(
    (latest, { createdAt }) => (latest === null || createdAt > latest ? createdAt : latest),
    at.rolledUpTo,
  );
  const began = performance.now();
  const deltas = deltasOf(items);
  const applied = await store.apply({ ...deltas, generation, from, to, rolledUpTo });
  if (!applied) return 'elsewhere';
  const state = { generation, position: to, rolledUpTo };
  return { state, events: items.length, ms: performance.now() - began, atEnd };
}
