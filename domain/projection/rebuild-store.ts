import type { Partition } from '../archive/index.ts';
import type { IdentifierSource } from '../identifiers/index.ts';
import type { FoldedRow, ProjectedRow, UnreadEvent } from './projected-row.ts';

/** Correlation ids after one and up to another; null: up to the last. */
export interface Range {
  after: string;
  upTo: string | null;
}

/** The tables of a rebuild, inside a transaction or outside. */
export interface RebuildTables {
  /** The text that was saved last. */
  checkpoint(): Promise<string | null>;
  /**
   * Saves the checkpoint.
   *
   * @param run the run that must own the checkpoint; null: any
   * @returns false when another run owns it
   */
  saveCheckpoint(text: string, run: string | null): Promise<boolean>;
  deleteCheckpoint(): Promise<void>;
  /** How often processes were moved between the log and its archive. */
  moves(): Promise<number>;
  /** The first events after a correlation id, in the order of their correlation ids and versions. */
  events(partition: Partition, after: string, limit: number): Promise<UnreadEvent[]>;
  /** Events of one stream, and of several; in the same order. */
  stream(
    partition: Partition,
    id: string,
    afterVersion: number,
    limit: number,
  ): Promise<UnreadEvent[]>;
  eventsOf(partition: Partition, ids: readonly string[], limit: number): Promise<UnreadEvent[]>;
  rows(partition: Partition, range: Range, limit: number): Promise<ProjectedRow[]>;
  rowsOf(partition: Partition, ids: readonly string[]): Promise<ProjectedRow[]>;
  /** True while the event waits in the outbox: the job that projects it is still to come. */
  isUnpublished(eventId: string): Promise<boolean>;
  /**
   * Streams with events among these event ids that are not folded into the shadow table yet.
   *
   * @param ids after, and up to
   */
  streamsBehind(
    partition: Partition,
    ids: { after: number; upTo: number },
    limit: number,
  ): Promise<string[]>;
  /**
   * Writes rows into the shadow table, and the identifiers of processes into theirs; they replace all rows in the range, or
   * all with these ids.
   */
  write(
    partition: Partition,
    replaced: Range | readonly string[],
    rows: readonly (ProjectedRow | FoldedRow)[],
    identifiers: readonly IdentifierSource[],
  ): Promise<void>;
}

/** The tables while no other writer can change rows of processes. */
export interface ExclusiveTables extends RebuildTables {
  /** Makes the shadow tables the current ones, and the current ones the replaced ones. */
  swap(): Promise<void>;
}

/** The database as a rebuild sees it. */
export interface RebuildStore extends RebuildTables {
  transaction<T>(work: (tables: RebuildTables) => Promise<T>): Promise<T>;
  /** A transaction that keeps out all writers of rows of processes; rolled back when `work` throws. */
  exclusively<T>(work: (tables: ExclusiveTables) => Promise<T>): Promise<T>;
  hasShadows(): Promise<boolean>;
  /** Creates empty shadow tables like the current ones, with their indexes. */
  createShadows(): Promise<void>;
  /** Drops shadow or replaced tables in short steps; ends early when aborted. */
  drop(which: 'shadows' | 'replaced', signal: AbortSignal): Promise<void>;
  /** True when any event or row belongs to the process definition. */
  hasProcess(processKey: string): Promise<boolean>;
  countEvents(): Promise<number>;
  /** The id of an event such that no event up to it can become visible later. */
  highWater(): Promise<number>;
  close(): Promise<void>;
}
