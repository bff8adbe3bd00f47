import type { DeadLetter, DeadLetterCursor, DeadLetters, Job } from '../../domain/outbox/index.ts';

interface ParkedJobs extends DeadLetters {
  /**
   * Keeps a dead letter. Resolves when a retry of the job succeeds; rejects when the job goes back to its outbox
   * row: when the queue closes, or when it is the oldest of more than `max`.
   */
  park(job: Job, attempts: number, error: unknown): Promise<void>;
  /** Whether a dead letter of this event is kept. */
  holds(eventId: string): boolean;
  size(name: Job['name']): number;
  /** Gives all jobs back to their outbox rows. */
  close(reason: Error): void;
}

interface Parked {
  letter: DeadLetter;
  retry: () => void;
  giveBack: (reason: unknown) => void;
}

/**
 * Dead letters in memory. Their outbox rows stay, so a restart tries the jobs again.
 *
 * @param max the largest number that is kept
 * @param run runs a job with all its attempts
 */
export function createParkedJobs(max: number, run: (job: Job) => Promise<void>): ParkedJobs {
  // In the order in which the jobs failed.
  const parked = new Map<string, Parked>();
  const countByEvent = new Map<string, number>();

  function count(eventId: string, change: number): void {
    const now = (countByEvent.get(eventId) ?? 0) + change;
    if (now === 0) countByEvent.delete(eventId);
    else countByEvent.set(eventId, now);
  }

  function take(id: string): Parked | undefined {
    const found = parked.get(id);
    if (found && parked.delete(id)) count(found.letter.eventId, -1);
    return found;
  }

  function dropOldest(): void {
    for (const [id, { letter }] of parked) {
      if (parked.size <= max) return;
      take(id)?.giveBack(new Error(letter.error));
    }
  }

  return {
    park(job, attempts, error) {
      const { name, correlationId, eventId } = job;
      return new Promise<void>((resolve, reject) => {
        // An event has at most one job of each name.
        const id = `${name}:${eventId}`;
        const message = error instanceof Error ? error.message : String(error);
        const failedAt = new Date().toISOString();
        take(id)?.giveBack(new Error('the job failed again'));
        parked.set(id, {
          letter: { id, name, correlationId, eventId, attempts, error: message, failedAt },
          retry: () => run(job).then(resolve, reject),
          giveBack: reject,
        });
        count(eventId, 1);
        dropOldest();
      });
    },
    holds: (eventId) => countByEvent.has(eventId),
    size: (name) => [...parked.values()].filter(({ letter }) => letter.name === name).length,
    close(reason) {
      for (const id of [...parked.keys()]) take(id)?.giveBack(reason);
    },
    async list({ name }, limit, after) {
      return [...parked.values()]
        .map(({ letter }) => letter)
        .filter((letter) => name === undefined || letter.name === name)
        .sort(newestFirst)
        .filter((letter) => !after || isAfter(letter, after))
        .slice(0, limit);
    },
    async retry(id) {
      const found = take(id);
      found?.retry();
      return found !== undefined;
    },
    async retryAll(name) {
      const chosen = [...parked.values()].filter(
        ({ letter }) => name === undefined || letter.name === name,
      );
      for (const { letter } of chosen) take(letter.id)?.retry();
      return chosen.length;
    },
  };
}

/** Compares for the order of the list: the latest failure first, in the same millisecond by id. */
export function newestFirst(a: DeadLetterCursor, b: DeadLetterCursor): number {
  if (a.failedAt !== b.failedAt) return a.failedAt < b.failedAt ? 1 : -1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

/** Whether a dead letter comes after the cursor in the list. */
export function isAfter(letter: DeadLetterCursor, cursor: DeadLetterCursor): boolean {
  return newestFirst(cursor, letter) < 0;
}
