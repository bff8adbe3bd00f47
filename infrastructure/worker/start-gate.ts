/** The slots of a worker for external tasks, as far as starts need to know of them. */
export interface WorkerSlots {
  /** How many are free, and have no task waiting for them in the engine. */
  freeSlots(): number;
}

/** Lets new instances begin only while the worker can do their steps. */
export interface StartGate {
  /**
   * Runs `start` when a slot of the worker is free; starts that a caller waits for come first. The slot counts as taken
   * until `start` has ended: the first task of the instance is in hand by then.
   */
  run<Result>(isUrgent: boolean, start: () => Promise<Result>): Promise<Result>;
  /** Uses the slots of this worker; until then nothing is free. */
  attach(worker: WorkerSlots): void;
  /** Looks at the slots again, when the tasks of this turn of the event loop are in hand. */
  check(): void;
  /** Lets all starts run: at the stop, the queue gives them back. */
  close(): void;
}

/**
 * Milliseconds without any start after which some begin without a free slot. Slots may be held for hours by steps that
 * wait for something; and processes may need no step of this worker.
 */
const STALL_MS = 500;
/** The share of the slots that begin then. */
const STALL_SHARE = 2;
/** Of so many starts one is of those that nobody waits for, however many callers wait. */
const TURNS = 8;

/**
 * Processes in hand before new ones (G14): an instance that starts while all slots are taken adds a task that others
 * wait behind, and under a flood all processes would be begun and none ended.
 */
export function createStartGate(slots: number): StartGate {
  const urgent: (() => void)[] = [];
  const others: (() => void)[] = [];
  let worker: WorkerSlots | undefined;
  let starting = 0;
  let turn = 0;
  let closed = false;
  let checking: NodeJS.Immediate | undefined;
  let stall: NodeJS.Timeout | undefined;

  const free = (): number => (worker ? worker.freeSlots() - starting : 0);
  const waiting = (): number => urgent.length + others.length;

  function next(): (() => void) | undefined {
    turn = (turn + 1) % TURNS;
    const [first, second] = turn === 0 ? [others, urgent] : [urgent, others];
    return first.shift() ?? second.shift();
  }

  function release(count: number): void {
    for (let left = Math.min(count, waiting()); left > 0; left--) {
      stall?.refresh();
      starting++;
      next()?.();
    }
    if (waiting() > 0) stall ??= setTimeout(onStall, STALL_MS).unref();
    else stopStall();
  }

  function onStall(): void {
    stopStall();
    release(Math.ceil(slots / STALL_SHARE));
  }

  function stopStall(): void {
    clearTimeout(stall);
    stall = undefined;
  }

  function check(): void {
    if (waiting() === 0 || checking) return;
    // Tasks that the worker was given in this turn are in hand by then.
    checking = setImmediate(() => {
      checking = undefined;
      release(Math.max(0, free()));
    });
  }

  async function turnOf(isUrgent: boolean): Promise<void> {
    if (closed || (waiting() === 0 && free() > 0)) {
      starting++;
      return;
    }
    await new Promise<void>((resolve) => {
      (isUrgent ? urgent : others).push(resolve);
      release(0);
      check();
    });
  }

  return {
    async run(isUrgent, start) {
      await turnOf(isUrgent);
      try {
        return await start();
      } finally {
        starting--;
        check();
      }
    },
    attach(given) {
      worker = given;
      check();
    },
    check,
    close() {
      closed = true;
      release(waiting());
    },
  };
}
