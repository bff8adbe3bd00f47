import type { Log } from '../../domain/common/index.ts';
import type { EngineStore } from './engine-store.ts';

interface TimerService {
  start(): void;
  stop(): void;
  /** A timer is due at this time: wake up for it. */
  arm(at: number): void;
}

/** Instances whose timers are fired before the loop is given back. */
const BATCH = 50;
/** Milliseconds before an instance whose timer could not be fired is tried again. */
const RETRY_MS = 5_000;
/** How often instances past their history time are removed, in milliseconds. */
const CLEAN_MS = 600_000;
/** setTimeout takes no more than 2^31 - 1. */
const MAX_TIMER_DELAY_MS = 2_000_000_000;

/** Wakes instances when their timers are due; the due times are in the database, so a restart loses none. */
export function createTimerService(options: {
  store: EngineStore;
  now: () => number;
  log: Pick<Log, 'error'>;
  fire: (instanceId: string) => Promise<void>;
}): TimerService {
  const { store, now, log, fire } = options;
  const resting = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let cleaning: NodeJS.Timeout | undefined;
  let wakeAt = Number.POSITIVE_INFINITY;
  let firing = false;
  let stopped = false;

  function arm(at: number): void {
    if (stopped || at >= wakeAt) return;
    wakeAt = at;
    clearTimeout(timer);
    timer = setTimeout(wake, Math.min(MAX_TIMER_DELAY_MS, Math.max(0, at - now())));
  }

  async function wake(): Promise<void> {
    wakeAt = Number.POSITIVE_INFINITY;
    if (firing) return;
    firing = true;
    try {
      for (const [id, until] of resting) if (until <= now()) resting.delete(id);
      const due = store.due(now(), BATCH + resting.size).filter((id) => !resting.has(id));
      for (const id of due) await fireOne(id);
      const next = due.length >= BATCH ? now() : store.nextDue();
      if (next !== null) arm(resting.size > 0 ? Math.max(next, now() + 1_000) : next);
    } catch (error) {
      log.error({ err: error }, 'engine: could not read the due timers');
      arm(now() + RETRY_MS);
    } finally {
      firing = false;
    }
  }

  async function fireOne(id: string): Promise<void> {
    try {
      await fire(id);
    } catch (error) {
      resting.set(id, now() + RETRY_MS);
      const correlationId = store.instance(id)?.business_key ?? undefined;
      const ids = { correlationId, processInstanceId: id };
      log.error({ ...ids, err: error }, 'engine: could not fire a timer');
    }
  }

  function clean(): void {
    store.removeOld(now()).catch((error: unknown) => {
      log.error({ err: error }, 'engine: could not remove old instances');
    });
  }

  return {
    start() {
      arm(store.nextDue() ?? Number.POSITIVE_INFINITY);
      clean();
      cleaning = setInterval(clean, CLEAN_MS);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      clearInterval(cleaning);
    },
    arm,
  };
}
