import { LRUCache } from 'lru-cache';
import type { Clock, Json } from '../common/index.ts';
import type { StepRun } from './step-run.ts';

/** A task that a worker elsewhere has in hand. */
export interface HandedOut {
  run: StepRun;
  /** As the engine names the worker. */
  workerId: string;
  /** For the journal: redacted. */
  input: Json;
  /** When it was fetched, in milliseconds. */
  since: number;
  lockedUntil: number;
}

/**
 * The tasks that this service instance has handed out and whose locks have not run out. So an outcome can be journaled
 * while the engine is away, with the input and the duration. It is a cache: without it the engine is asked.
 */
export interface HandedOutTasks {
  get(id: string, workerId: string): HandedOut | undefined;
  add(id: string, handedOut: HandedOut): void;
  extend(id: string, workerId: string, durationMs: number): void;
  /** Its lock ends then, at the latest. */
  endBy(id: string, lockedUntil: number): void;
  delete(id: string): void;
}

const MAX_TASKS = 20_000;
/** UTF-16 units of all inputs together. */
const MAX_SIZE = 32_000_000;
/** Of a task without its input. */
const BASE_SIZE = 500;

export function createHandedOut(clock: Clock): HandedOutTasks {
  const tasks = new LRUCache<string, HandedOut>({
    max: MAX_TASKS,
    maxSize: MAX_SIZE,
    sizeCalculation: ({ input }) => BASE_SIZE + JSON.stringify(input).length,
  });

  function get(id: string, workerId: string): HandedOut | undefined {
    const found = tasks.get(id);
    return found && found.workerId === workerId && clock() < found.lockedUntil ? found : undefined;
  }

  return {
    get,
    add: (id, handedOut) => void tasks.set(id, handedOut),
    extend(id, workerId, durationMs) {
      const found = get(id, workerId);
      if (found) tasks.set(id, { ...found, lockedUntil: clock() + durationMs });
    },
    endBy(id, lockedUntil) {
      const found = tasks.get(id);
      if (found) tasks.set(id, { ...found, lockedUntil: Math.min(found.lockedUntil, lockedUntil) });
    },
    delete: (id) => void tasks.delete(id),
  };
}
