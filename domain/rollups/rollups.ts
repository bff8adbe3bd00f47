import type { Timestamp } from '../common/index.ts';
import type { FeedPage, FeedPosition } from '../feed/index.ts';
import type { RollupDeltas, RollupEvent } from './rollup.ts';

/** How far a generation of the rollups is. */
export interface RollupState {
  generation: number;
  /** The last event that is in it. */
  position: FeedPosition;
  /** None of the events in it was written later; null before the first one. */
  rolledUpTo: Timestamp | null;
}

/** What events behind a position add, up to another one. */
export interface RollupBatch extends RollupDeltas {
  generation: number;
  /** Applied only when the generation is at this very position. */
  from: FeedPosition;
  to: FeedPosition;
  /** None of the events up to there was written later; null when there was none. */
  rolledUpTo: Timestamp | null;
}

/** The rollups, as the job writes them. All of it throws StoreUnavailableError when the database is away. */
export interface RollupStore {
  /** Milliseconds that a batch should take: those for which it holds up others, or which its round trips are worth. */
  readonly batchMs: number;
  /** Of the generation that is read. */
  state(): Promise<RollupState>;
  /**
   * Adds a batch and moves the position, in one transaction.
   *
   * @returns false when the generation is elsewhere, or no more: then nothing was added
   */
  apply(batch: RollupBatch): Promise<boolean>;
  /** Removes some rows of generations that are no more. Returns how many: 0 when there are none. */
  removeReplaced(limit: number): Promise<number>;
}

/** A generation that is made beside the current one, read by nobody. */
export interface NewRollups extends RollupStore {
  /**
   * The generation that is being made, if this maker began it; otherwise a new and empty one in its place.
   *
   * @param madeBy what makes it: rows of another release are not gone on with
   */
  begin(madeBy: string): Promise<RollupState & { resumed: boolean }>;
  /**
   * Makes it the current one in one transaction, in which the one before ceases to be.
   *
   * @returns `behind` when the current one has more events in it; `gone` when it is no more
   */
  exchange(generation: number): Promise<'exchanged' | 'behind' | 'gone'>;
}

/** The events as the rollups need them, archived ones included. */
export interface RollupSource {
  /** Those behind a position; see `EventFeed`. `lookedTo` may be behind the last of them. */
  page(after: FeedPosition, limit: number, signal?: AbortSignal): Promise<FeedPage<RollupEvent>>;
  head(): Promise<FeedPosition>;
}

/** A number of events, of one type and process. */
export interface RollupCount {
  processName: string;
  eventType: string;
  count: number;
}

/** What a check of the rollups compares. */
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
