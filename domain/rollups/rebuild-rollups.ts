import { createBatchSize, sleep } from '../common/index.ts';
import { addPage } from './rollup-events.ts';
import type { NewRollups, RollupSource } from './rollups.ts';

interface RebuildRollupsOptions {
  /** Events in one transaction, at most. */
  batch: number;
  /** Release and schema version: a run does not resume what another release has made. */
  madeBy: string;
}

/** How a run went. */
type RebuiltRollups =
  | { kind: 'swapped'; events: number }
  /** The signal fired; the next run resumes. */
  | { kind: 'stopped' }
  /** Another run has started over: the rows of this one are gone. */
  | { kind: 'taken-over' };

/** Rows that are removed in one transaction. */
const MAX_REMOVED = 500;

/**
 * Computes the rollups again from all events, beside the current ones, until it has caught up with them, and swaps
 * them in one transaction. The rollup job continues with the current ones meanwhile, and then with the new ones. May
 * be ended anywhere, also by force; the next run resumes, and removes what was replaced.
 *
 * @param onBegin receives whether an earlier run is resumed, and after which position
 * @param onPage receives the events so far and the position after each batch
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
      // Two runs may share a generation if a lock was lost: one of them adds each event.
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
      const outcome = await store.swap(generation);
      if (outcome === 'gone') return { kind: 'taken-over' };
      if (outcome === 'swapped') {
        await removeReplaced(store, signal);
        return signal.aborted ? { kind: 'stopped' } : { kind: 'swapped', events };
      }
    }
    await sleep(performance.now() - began, signal);
  }
  return { kind: 'stopped' };
}

/** Removes the rows of replaced generations in short transactions; ends early when aborted. */
export async function removeReplaced(
  store: Pick<NewRollups, 'removeReplaced'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now();
    if ((await store.removeReplaced(MAX_REMOVED)) === 0) return;
    await sleep(performance.now() - began, signal);
  }
}
