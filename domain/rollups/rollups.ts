import type { Timestamp } from '../common/index.ts';
import type { FeedPage, FeedPosition } from '../feed/index.ts';
import type { RollupDeltas, RollupEvent } from './rollup.ts';

/** How far a generation of the rollups is. */
export interface RollupState {
  generation: number;
  /** The last event that is in it. */
  position: FeedPosition;
  /** The latest time of the events in it; null before the first one. */
  rolledUpTo: Timestamp | null;
}

/** What the events after a position add, up to another one. */
export interface RollupBatch extends RollupDeltas {
  generation: number;
  /** Applied only when the generation is at exactly this position. */
  from: FeedPosition;
  to: FeedPosition;
  /** The latest time of the events up to there; null without any. */
  rolledUpTo: Timestamp | null;
}

/** The rollups, as the job writes them. All of it throws StoreUnavailableError. */
export interface RollupStore {
  /** Milliseconds that a batch should take: it may block others for so long, and its round trips should pay off. */
  readonly batchMs: number;
  /** Of the generation that is read. */
  state(): Promise<RollupState>;
  /**
   * Adds a batch and moves the position, in one transaction.
   *
   * @returns false when the generation is at another position, or was replaced: then nothing was added
   */
  apply(batch: RollupBatch): Promise<boolean>;
  /** Removes some rows of replaced generations. Returns their number: 0 when all are removed. */
  removeReplaced(limit: number): Promise<number>;
}

/** A generation that is made beside the current one, and not read yet. */
export interface NewRollups extends RollupStore {
  /**
   * The generation that is being made, if this maker began it; otherwise a new and empty one in its place.
   *
   * @param madeBy release and schema version: rows of another release are not continued
   */
  begin(madeBy: string): Promise<RollupState & { resumed: boolean }>;
  /**
   * Makes it the current generation in one transaction, which also ends the one before.
   *
   * @returns `behind` when the current one has more events in it; `gone` when it does not exist any more
   */
  swap(generation: number): Promise<'swapped' | 'behind' | 'gone'>;
}

/** The events as the rollups need them, archived ones included. */
export interface RollupSource {
  /** Those after a position; see `EventFeed`. `lookedTo` may be after the last of them. */
  page(after: FeedPosition, limit: number, signal?: AbortSignal): Promise<FeedPage<RollupEvent>>;
  head(): Promise<FeedPosition>;
}

/** A number of events, of one type and process. */
export interface RollupCount {
  processName: string;
  eventType: string;
  count: number;
}

/** Reads what a verification of the rollups compares. */
export interface RollupCheck {
  /**
   * What the current rollups count in buckets of each length, and the events there are up to their position.
   *
   * @throws StoreUnavailableError
   */
  counts(signal?: AbortSignal): Promise<{
    counted: (RollupCount & { grain: number })[];
    events: RollupCount[];
  }>;
}
