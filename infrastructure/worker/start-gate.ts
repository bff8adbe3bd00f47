/** The slots of a worker for external tasks, as far as starts need to know of them. */
export interface WorkerSlots {
  /** How many are free, and have no task waiting for them in the engine. */
  freeSlots(): number;
  /** Tasks that have ended since the worker started. */
  endedTasks(): number;
  /** Called when an instance was started whose first task is not in hand yet. Left out: it is. */
  onStarted?: () => void;
}

/** Lets new instances begin only while the worker can do their steps. */
export interface StartGate {
  /**
   * Runs `start` when a slot of the worker is free; starts that a caller waits for come first. The slot counts as taken
   * until `start` has ended: then the first task of the instance is in hand, or the worker expects it.
   */
  run<Result>(isUrgent: boolean, start: () => Promise<Result>): Promise<Result>;
  /**
   * Likewise, if it can begin within so many milliseconds.
   *
   * @returns what resolves with undefined when it could not; undefined at once when that is known: as many wait before it as
   *   there are slots, or the gate is closed
   */
  runWithin<Result>(
    ms: number,
    isUrgent: boolean,
    start: () => Promise<Result>,
  ): Promise<{ result: Result } | undefined> | undefined;
  /** Uses the slots of this worker; until then nothing is free. */
  attach(worker: WorkerSlots): void;
  /** Looks at the slots again, when the tasks of this turn of the event loop are in hand. */
  check(): void;
  /** Lets all starts run: at the stop, the queue gives them back. */
  close(): void;
}

/**
 * Milliseconds without any start after which some begin without a free slot: one for two slots when no task has ended
 * meanwhile, else a single one. Steps may hold their slots for hours, and processes may need no step of this worker. The
 * time doubles, up to the longest, until a slot is free again: where steps take a minute, as many as begin without a slot
 * would wait in the engine, and all be begun and none ended.
 */
const STALL_MS = 500;
const MAX_STALL_MS = 60_000;
const SLOTS_PER_STALLED_START = 2;
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
  /** Tasks that had ended at the last start. */
  let endedBefore = 0;
  let closed = false;
  let checking: NodeJS.Immediate | undefined;
  let stall: NodeJS.Timeout | undefined;
  let stallMs = STALL_MS;

  const free = (): number => (worker ? worker.freeSlots() - starting : 0);
  const waiting = (): number => urgent.length + others.length;
  const ended = (): number => worker?.endedTasks() ?? 0;

  function next(): (() => void) | undefined {
    turn = (turn + 1) % TURNS;
    const [first, second] = turn === 0 ? [others, urgent] : [urgent, others];
    return first.shift() ?? second.shift();
  }

  function release(count: number): void {
    for (let left = Math.min(count, waiting()); left > 0; left--) {
      starting++;
      next()?.();
    }
    if (count > 0 || waiting() === 0) {
      clearTimeout(stall);
      stall = undefined;
    }
    if (waiting() === 0 || stall) return;
    endedBefore = ended();
    stall = setTimeout(onStall, stallMs).unref();
  }

  function onStall(): void {
    stallMs = Math.min(stallMs * 2, MAX_STALL_MS);
    // While tasks wait that others bring into the engine, one by one all starts begin.
    release(ended() > endedBefore ? 1 : Math.ceil(slots / SLOTS_PER_STALLED_START));
  }

  function check(): void {
    if (waiting() === 0 || checking) return;
    // Tasks that the worker was given in this turn are in hand by then.
    checking = setImmediate(() => {
      checking = undefined;
      const room = Math.max(0, free());
      if (room > 0) stallMs = STALL_MS;
      release(room);
    });
  }

  function hasTaken(): boolean {
    const isFree = closed || (waiting() === 0 && free() > 0);
    if (isFree) starting++;
    return isFree;
  }

  /** Waits for a slot; false when none was free within so many milliseconds, if that is limited. */
  function waitForSlot(isUrgent: boolean, withinMs?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const lane = isUrgent ? urgent : others;
      let timer: NodeJS.Timeout | undefined;
      const begin = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const giveUp = (): void => {
        lane.splice(lane.indexOf(begin), 1);
        release(0);
        resolve(false);
      };
      if (withinMs !== undefined) timer = setTimeout(giveUp, withinMs);
      lane.push(begin);
      release(0);
      check();
    });
  }

  async function runInSlot<Result>(start: () => Promise<Result>): Promise<Result> {
    try {
      return await start();
    } finally {
      starting--;
      worker?.onStarted?.();
      check();
    }
  }

  return {
    async run(isUrgent, start) {
      if (!hasTaken()) await waitForSlot(isUrgent);
      return runInSlot(start);
    },
    runWithin(ms, isUrgent, start) {
      if (closed || !worker) return undefined;
      const run = async () => ({ result: await runInSlot(start) });
      if (hasTaken()) return run();
      if ((isUrgent ? urgent.length : waiting()) >= slots) return undefined;
      return waitForSlot(isUrgent, ms).then((isTaken) => (isTaken ? run() : undefined));
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
