/** Instances whose next task is likely to come with one of the next polls. */
export interface ExpectedTasks {
  /** How many tasks are expected. */
  readonly count: number;
  /** A task of this instance was reported: its next one may be there. */
  reported(instanceId: string): void;
  /** An instance was started: its first task may be there. */
  started(): void;
  /** A task of this instance has come. */
  came(instanceId: string): void;
  /** A poll begins. */
  polling(): void;
  /** The poll was answered. */
  polled(): void;
}

/**
 * Between the report of a task and the poll that brings the next one of its instance, no slot of the worker has it. On a busy
 * engine that is most of the time, and a count of the tasks in hand alone would let a new process begin for each that is on its way.
 *
 * A poll may have been answered just before the report. So the task is expected until the poll after that is answered: then
 * the instance has ended, waits for something else, or its task is another worker's.
 */
export function createExpectedTasks(): ExpectedTasks {
  /** By instance, or a name of its own for one that was started: the number of the poll that was open or last then. */
  const expected = new Map<string | symbol, number>();
  let poll = 0;

  return {
    get count() {
      return expected.size;
    },
    reported: (instanceId) => void expected.set(instanceId, poll),
    started: () => void expected.set(Symbol('started'), poll),
    came: (instanceId) => void expected.delete(instanceId),
    polling() {
      poll++;
    },
    polled() {
      for (const [key, during] of expected) if (during < poll) expected.delete(key);
    },
  };
}
