import type { Timestamp } from '../common/index.ts';
import type { JobName } from './queue.ts';

/** A job that was given up: what it does failed every time, for a reason that does not pass. */
export interface DeadLetter {
  id: string;
  name: JobName;
  correlationId: string;
  eventId: string;
  /** How often it was begun. */
  attempts: number;
  /** Of the last attempt. */
  error: string;
  failedAt: Timestamp;
}

/** Place in the list of dead letters: the last one of the page before. */
export type DeadLetterCursor = Pick<DeadLetter, 'failedAt' | 'id'>;

/** The jobs that were given up. They stay until they succeed, or are the oldest of very many. */
export interface DeadLetters {
  /** The newest first. */
  list(
    filter: { name?: JobName | undefined },
    limit: number,
    after?: DeadLetterCursor,
  ): Promise<DeadLetter[]>;
  /** Lets the job run again, with all its attempts. False when there is none with this id. */
  retry(id: string): Promise<boolean>;
  /** Lets every job run again, or those of this name. Returns how many. */
  retryAll(name?: JobName): Promise<number>;
}
