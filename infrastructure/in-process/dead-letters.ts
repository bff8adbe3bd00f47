import type { DeadLetter, DeadLetterCursor, DeadLetters, Job } from '../../domain/outbox/index.ts';

export interface ParkedJobs extends DeadLetters {
  /**
   * Keeps a job that was given up. Resolves when a retry did it, rejects when it goes back to its outbox
   * row: at the close, or as the oldest of too many.
   */
  park(job: Job, attempts: number, error: unknown): Promise<void>;
  /** Whether a job of this event is kept. */
  holds(eventId: string): boolean;
  size(name: Job['name']): number;
  /** Gives all back to their rows. */
  close(reason: Error): void;
}

interface Parked {
  letter: DeadLetter;
  again: () => void;
  back: (reason: unknown) => void;
}

/**
 * Dead letters in the memory of the process. Their outbox rows stay, so that a restart tries them again;
 * until then nobody else does.
 *
 * @param max the most that are kept
 * @param run does a job with all its attempts; throws when it is given up once more
 */
export function createParkedJobs(max: number, run: (job: Job) => Promise<void>): ParkedJobs {
  // In the order in which they were given up.
  const parked = new Map<string, Parked>();
  const events = new Map<string, number>();

  function count(eventId: string, change: number): void {
    const now = (events.get(eventId) ?? 0) + change;
    if (now === 0) events.delete(eventId);
    else events.set(eventId, now);
  }

  function take(id: string): Parked | undefined {
    const found = parked.get(id);
    if (found && parked.delete(id)) count(found.letter.eventId, -1);
    return found;
  }

  function dropOldest(): void {
    for (const [id, { letter }] of parked) {
      if (parked.size <= max) return;
      take(id)?.back(new Error(letter.error));
    }
  }

  return {
    park(job, attempts, error) {
      const { name, correlationId, eventId } = job;
      return new Promise<void>((resolve, reject) => {
        // One event has one job of each name.
        const id = `${name}:${eventId}`;
        const message = error instanceof Error ? error.message : String(error);
        const failedAt = new Date().toISOString();
        take(id)?.back(new Error('given up once more'));
        parked.set(id, {
          letter: { id, name, correlationId, eventId, attempts, error: message, failedAt },
          again: () => run(job).then(resolve, reject),
          back: reject,
        });
        count(eventId, 1);
        dropOldest();
      });
    },
    holds: (eventId) => events.has(eventId),
    size: (name) => [...parked.values()].filter(({ letter }) => letter.name === name).length,
    close(reason) {
      for (const id of [...parked.keys()]) take(id)?.back(reason);
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
      found?.again();
      return found !== undefined;
    },
    async retryAll(name) {
      const chosen = [...parked.values()].filter(
        ({ letter }) => name === undefined || letter.name === name,
      );
      for (const { letter } of chosen) take(letter.id)?.again();
      return chosen.length;
    },
  };
}

/** Order of the list; of those that failed in the same millisecond by id. */
export function newestFirst(a: DeadLetterCursor, b: DeadLetterCursor): number {
  if (a.failedAt !== b.failedAt) return a.failedAt < b.failedAt ? 1 : -1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

/** Whether it comes behind that place in the list. */
export function isAfter(letter: DeadLetterCursor, place: DeadLetterCursor): boolean {
  return newestFirst(place, letter) < 0;
}
