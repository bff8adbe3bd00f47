import type { RollupSource, RollupState, RollupStore } from '../domain/ports/rollups.ts';
import { deltasOf } from '../domain/rollup.ts';
import { rest } from './rest.ts';

export interface RollupOptions {
  /** Events in one transaction, at most. */
  batch: number;
}

/** What a run has added so far. */
export interface RollupTotals {
  batches: number;
  events: number;
}

/** What is to be known of a batch: how many events it added, and the milliseconds of its transaction. */
export interface RolledBatch {
  events: number;
  ms: number;
  /** Of the last of them. */
  position: string;
}

/** Milliseconds of rest after a batch, at least: others who wait for the database get it. */
const SHORTEST_REST_MS = 2;

/**
 * Adds the events behind the checkpoint of the rollups to them, batch by batch, up to the head or until the
 * signal fires. Each batch is one transaction with its checkpoint, so a run may be ended anywhere, also by
 * force, and two runs at once add every event once. Rests after each batch for as long as it took.
 *
 * @param onBatch hears of each batch, and of the totals after it
 * @throws StoreUnavailableError when the database is away; what was added stays
 */
export async function rollupEvents(
  ports: { source: Pick<RollupSource, 'page'>; store: Pick<RollupStore, 'state' | 'apply'> },
  options: RollupOptions,
  signal: AbortSignal,
  onBatch: (batch: RolledBatch, totals: RollupTotals) => void = () => {},
): Promise<RollupTotals> {
  const { source, store } = ports;
  const totals: RollupTotals = { batches: 0, events: 0 };
  let at = await store.state();
  while (!signal.aborted) {
    const began = performance.now();
    const page = await source.page(at.position, options.batch, signal);
    if (page.lookedTo === at.position) break;
    const read = performance.now();
    const next: RollupState = {
      ...at,
      position: page.lookedTo,
      rolledUpTo: page.items.at(-1)?.createdAt ?? at.rolledUpTo,
    };
    const applied = await store.apply({
      ...deltasOf(page.items),
      ...{ generation: at.generation, from: at.position },
      ...{ to: next.position, rolledUpTo: next.rolledUpTo },
    });
    if (applied) {
      at = next;
      totals.batches++;
      totals.events += page.items.length;
      const ms = performance.now() - read;
      onBatch({ events: page.items.length, ms, position: at.position }, { ...totals });
    } else {
      // Another run was faster, or a rebuild has put another generation in its place.
      at = await store.state();
    }
    if (applied && page.atEnd) break;
    await rest(Math.max(SHORTEST_REST_MS, performance.now() - began), signal);
  }
  return totals;
}
