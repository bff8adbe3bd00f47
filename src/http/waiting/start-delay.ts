/** Estimates how long a start that is accepted now would wait until its instance begins. */
export interface StartDelay {
  /** A start was accepted by this service instance. @param waits whether its caller waits for the end */
  accepted(correlationId: string, waits: boolean): void;
  /** An instance has begun, or its process has ended without one; ids of other service instances do nothing. */
  begun(correlationId: string): void;
  /**
   * Milliseconds until a start accepted now would begin; null while that is not known: nothing has been measured, or
   * nothing has begun for a while, as in an outage.
   */
  estimate(waits: boolean): number | null;
  /** How many starts would begin before one that is accepted now. @param waits whether its caller waits */
  ahead(waits: boolean): number;
  /** Forgets what was counted: notifications may have been missed. */
  reset(): void;
}

/** Starts of one kind, numbered in the order of their acceptance. */
interface Lane {
  accepted: number;
  /** The highest number that has begun: those before it are ahead of nobody, begun, failing or lost. */
  begun: number;
  /** The numbers of starts that have not begun, oldest first. */
  readonly numbers: Map<string, number>;
}

interface Bucket {
  readonly from: number;
  /** Milliseconds in which a start was ahead. */
  busyMs: number;
  begun: number;
}

/** The rate is that of the last milliseconds, counted in buckets of so many. */
const WINDOW_MS = 5_000;
const BUCKET_MS = 250;
/** Milliseconds in which starts were waiting, after which their rate is known. */
const MEASURED_MS = 500;
/** Milliseconds without a begin, while starts wait, after which it is an outage, and not a low rate. */
const STALL_MS = 3_000;
/** Starts begin in about the order of their acceptance; one that was overtaken by so many is not looked for any more. */
const OVERTAKEN_MAX = 1_000;
/** Starts that are looked for, of each kind; above that the oldest are given up. */
const NUMBERS_MAX = 100_000;

/**
 * Divides the starts that this service instance has accepted and that are still to begin by the rate at which they begin,
 * which every instance learns from the states that it is notified of. So it holds with any queue, and with any number of
 * service instances, each of which sees its own share of the rate.
 *
 * A start counts as ahead until a later one of its kind has begun: a lost notification, or a start that fails and is
 * tried again, counts no longer than that.
 *
 * @param now gives milliseconds
 */
export function createStartDelay(now: () => number): StartDelay {
  const awaited = createLane();
  const others = createLane();
  let buckets: Bucket[] = [];
  let ticked = now();
  /** When something last began, or the first of the waiting starts was accepted. */
  let progress = now();

  const ahead = (waits = false): number => aheadIn(awaited) + (waits ? 0 : aheadIn(others));
  const isStalled = (at: number): boolean => ahead() > 0 && at - progress > STALL_MS;

  function tick(): number {
    const at = now();
    if (isStalled(at)) buckets = [];
    else if (ahead() > 0) bucketAt(at).busyMs += at - ticked;
    ticked = at;
    while (buckets[0] && buckets[0].from < at - WINDOW_MS) buckets.shift();
    return at;
  }

  function bucketAt(at: number): Bucket {
    const last = buckets.at(-1);
    if (last && at - last.from < BUCKET_MS) return last;
    const next = { from: at, busyMs: 0, begun: 0 };
    buckets.push(next);
    return next;
  }

  function begin(lane: Lane, correlationId: string): boolean {
    const number = lane.numbers.get(correlationId);
    if (number === undefined) return false;
    const at = tick();
    lane.numbers.delete(correlationId);
    lane.begun = Math.max(lane.begun, number);
    for (const [id, oldest] of lane.numbers) {
      if (oldest > lane.begun - OVERTAKEN_MAX) break;
      lane.numbers.delete(id);
    }
    bucketAt(at).begun++;
    progress = at;
    return true;
  }

  return {
    accepted(correlationId, waits) {
      const at = tick();
      if (ahead() === 0) progress = at;
      const lane = waits ? awaited : others;
      lane.numbers.set(correlationId, ++lane.accepted);
      const [oldest] = lane.numbers.size > NUMBERS_MAX ? lane.numbers.keys() : [];
      if (oldest !== undefined) lane.numbers.delete(oldest);
    },
    begun: (correlationId) => void (begin(awaited, correlationId) || begin(others, correlationId)),
    estimate(waits) {
      const at = tick();
      const before = ahead(waits);
      if (before === 0) return 0;
      const busyMs = buckets.reduce((sum, bucket) => sum + bucket.busyMs, 0);
      const begun = buckets.reduce((sum, bucket) => sum + bucket.begun, 0);
      if (isStalled(at) || busyMs < MEASURED_MS || begun === 0) return null;
      return (before * busyMs) / begun;
    },
    ahead,
    reset() {
      for (const lane of [awaited, others]) Object.assign(lane, createLane());
      buckets = [];
    },
  };
}

function createLane(): Lane {
  return { accepted: 0, begun: 0, numbers: new Map() };
}

function aheadIn({ accepted, begun }: Lane): number {
  return accepted - begun;
}
