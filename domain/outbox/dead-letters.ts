import type { Timestamp } from '../common/index.ts';
import type { JobName } from './queue.ts';

/** A job that is not tried again by itself: it failed every time, for a reason that does not go away. */
export interface DeadLetter {
  id: string;
  name: JobName;
  correlationId: string;
  eventId: string;
  /** How often it was started. */
  attempts: number;
  /** Of the last attempt. */
  error: string;
  failedAt: Timestamp;
}

/** The last dead letter of a page; the next page starts behind it. */
export type DeadLetterCursor = Pick<DeadLetter, 'failedAt' | 'id'>;

/** The list of dead letters. One stays until it succeeds, or is the oldest of very many. */
export interface DeadLetters {
  /** The newest first. */
  list(
    filter: { name?: JobName | undefined },
    limit: number,
    after?: DeadLetterCursor,
  ): Promise<DeadLetter[]>;
  /** Lets the job run again, with all its attempts. False when no dead letter has this id. */
  retry(id: string): Promise<boolean>;
  /** Lets every job run again, or those of this name. Returns how many. */
  retryAll(name?: JobName): Promise<number>;
}
