import { createBatchSize, sleep } from '../common/index.ts';
import { addPage } from './rollup-events.ts';
import type { NewRollups, RollupSource } from './rollups.ts';

export interface RebuildRollupsOptions {
  /** Events in one transaction, at most. */
  batch: number;
  /** What makes them: what another release has made is not gone on with. */
  madeBy: string;
}

/** How a run went. */
export type RebuiltRollups =
  | { kind: 'exchanged'; events: number }
  /** Told to stop; the next run goes on. */
  | { kind: 'stopped' }
  /** Another run has begun anew: this one's rows are no more. */
  | { kind: 'taken-over' };

/** Rows that are removed in one transaction. */
const REMOVED_AT_ONCE = 500;

/**
 * Makes the rollups anew from all events, beside those that are read, until it has caught up with them, and puts
 * them in their place in one transaction. The job goes on with the current ones meanwhile, and then with the new
 * ones. May be ended anywhere, also by force; the next run goes on, and removes what was left.
 *
 * @param onBegin hears whether a run before is gone on with, and behind which position
 * @param onPage hears of the events so far and the position after each batch
 * @throws StoreUnavailableError when the database is away
 */
export async function rebuildRollups(
  ports: { source: Pick<RollupSource, 'page'>; store: NewRollups },
  { batch, madeBy }: RebuildRollupsOptions,
  signal: AbortSignal,
  hooks: {
    onBegin?: (how: { resumed: boolean; position: string }) => void;
    onPage?: (done: { events: number; position: string }) => void | Promise<void>;
  } = {},
): Promise<RebuiltRollups> {
  const { store } = ports;
  const begun = await store.begin(madeBy);
  hooks.onBegin?.(begun);
  const { generation } = begun;
  let at = begun;
  const size = createBatchSize(batch, store.batchMs);
  let events = 0;
  while (!signal.aborted) {
    const began = performance.now();
    const added = await addPage(ports, at, size.next(), signal);
    if (added === 'elsewhere') {
      // Two runs may share a generation when a lock was lost: each event is added by one of them.
      const now = await store.begin(madeBy);
      if (now.generation !== generation) return { kind: 'taken-over' };
      at = now;
      continue;
    }
    at = { ...at, ...added.state };
    events += added.events;
    if (added.events > 0) size.learn(added.events, added.ms);
    if (added.events > 0) await hooks.onPage?.({ events, position: at.position });
    if (added.atEnd) {
      const outcome = await store.exchange(generation);
      if (outcome === 'gone') return { kind: 'taken-over' };
      if (outcome === 'exchanged') {
        await removeReplaced(store, signal);
        return signal.aborted ? { kind: 'stopped' } : { kind: 'exchanged', events };
      }
    }
    await sleep(performance.now() - began, signal);
  }
  return { kind: 'stopped' };
}

/** Removes the rows of generations that are no more, in short transactions; ends early when aborted. */
export async function removeReplaced(
  store: Pick<NewRollups, 'removeReplaced'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now();
    if ((await store.removeReplaced(REMOVED_AT_ONCE)) === 0) return;
    await sleep(performance.now() - began, signal);
  }
}
