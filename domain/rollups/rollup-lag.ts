import type { Clock } from '../common/index.ts';
import type { RollupSource, RollupStore } from './rollups.ts';

/** How far the rollups are behind the events. */
export interface RollupLag {
  /** Events that are not in them; on SQL Server those that have a position in the feed. */
  events: number;
  /** Milliseconds since the first of these was written, 0 without one. */
  ms: number;
}

/** @throws StoreUnavailableError */
export async function rollupLag(ports: {
  store: Pick<RollupStore, 'state'>;
  source: RollupSource;
  clock: Clock;
}): Promise<RollupLag> {
  const { store, source, clock } = ports;
  const { position } = await store.state();
  const head = Number(await source.head());
  if (head <= Number(position)) return { events: 0, ms: 0 };
  const { items } = await source.page(position, 1);
  const [first] = items;
  // These positions belong to events that were deleted before they were counted.
  if (!first) return { events: 0, ms: 0 };
  return {
    events: head - Number(position),
    ms: Math.max(0, clock() - Date.parse(first.createdAt)),
  };
}
