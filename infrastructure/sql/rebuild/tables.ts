import type { ProcessRow } from '../process-row.ts';
import type { FoldRow } from './fold-row.ts';
import type { Side } from './sides.ts';

/** A row of either table of processes. Times are ISO 8601. */
export interface KeptRow extends ProcessRow {
  /** `restored_at` or `archived_at`. */
  kept: string | null;
}

/** Ids after one and up to another; null: to the last. */
export interface Range {
  after: string;
  upTo: string | null;
}

/** What a rebuild asks of the database, in a transaction or not. */
export interface RebuildTables {
  /** Text under the name `rebuild` in the table `checkpoint`. */
  checkpoint(): Promise<string | null>;
  /**
   * Puts another text there.
   *
   * @param run of the run whose checkpoint this is; null: whosever
   * @returns false when it is another run's now
   */
  note(text: string, run: string | null): Promise<boolean>;
  forget(): Promise<void>;
  /** How often processes were moved between the log and its archive. */
  moves(): Promise<number>;
  /** The first events after an id, by id of their stream and version. */
  events(side: Side, after: string, limit: number): Promise<FoldRow[]>;
  /** Events of one stream, and of several; in the same order. */
  stream(side: Side, id: string, afterVersion: number, limit: number): Promise<FoldRow[]>;
  eventsOf(side: Side, ids: readonly string[], limit: number): Promise<FoldRow[]>;
  rows(side: Side, range: Range, limit: number): Promise<KeptRow[]>;
  rowsOf(side: Side, ids: readonly string[]): Promise<KeptRow[]>;
  /** True while the event waits to be published, so that the row of its stream is still to come. */
  isToCome(eventId: string): Promise<boolean>;
  /**
   * Streams with events among these ids that are not folded into the shadow yet.
   *
   * @param ids after, and up to
   */
  behind(side: Side, ids: { after: number; upTo: number }, limit: number): Promise<string[]>;
  /** Puts rows into the shadow in the place of those that were in the range, or had the ids. */
  write(side: Side, place: Range | readonly string[], rows: readonly KeptRow[]): Promise<void>;
}

/** Nobody else writes the tables of processes while one has this. */
export interface ExclusiveTables extends RebuildTables {
  /** Makes the shadows the tables, and the tables the replaced ones; all in the transaction. */
  exchange(): Promise<void>;
}

/** A database as a rebuild sees it. */
export interface RebuildStore extends RebuildTables {
  transaction<T>(work: (tables: RebuildTables) => Promise<T>): Promise<T>;
  /** A transaction that keeps all writers of both tables of processes out; undone when `work` throws. */
  exclusively<T>(work: (tables: ExclusiveTables) => Promise<T>): Promise<T>;
  hasShadows(): Promise<boolean>;
  /** Makes empty shadows like the tables are now, with their indexes. */
  createShadows(): Promise<void>;
  /** Removes shadows, or replaced tables, in steps that hold nobody up; ends early when aborted. */
  drop(which: 'shadows' | 'replaced', signal: AbortSignal): Promise<void>;
  /** True when an event or a row is of the process. */
  knows(processKey: string): Promise<boolean>;
  countEvents(): Promise<number>;
  /** The id of an event such that no event up to it can appear any more. */
  highWater(): Promise<number>;
  close(): Promise<void>;
}
