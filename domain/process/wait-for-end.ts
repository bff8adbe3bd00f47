import { setTimeout as sleep } from 'node:timers/promises';
import type { FindProcess } from './find-process.ts';
import type { FoundProcess } from './fold-stream.ts';
import { isEnded, type ProcessState } from './process-state.ts';
import type { Waiter, Waitroom } from './waitroom.ts';

/** How long a caller waits for the end of a process. */
export interface CallerWait {
  /** 0: not at all. */
  ms: number;
  /** Aborted when the caller hangs up, which frees its waiter at once. */
  hungUp: AbortSignal;
}

interface WaitPorts {
  waitroom: Pick<Waitroom, 'wait'>;
  findProcess: FindProcess;
}

/**
 * Registers a waiter for a caller who wants to wait.
 *
 * @param afterVersion an end at or before it is not the one to wait for
 */
export function openWaiter(
  waitroom: Pick<Waitroom, 'wait'>,
  correlationId: string,
  wait: CallerWait,
  afterVersion = 0,
): Waiter | undefined {
  if (wait.ms === 0) return undefined;
  const waiter = waitroom.wait(correlationId, wait.ms, afterVersion);
  const { hungUp } = wait;
  const giveUp = (): void => waiter.cancel('hung-up');
  // Its event is over for a caller who hung up before.
  if (hungUp.aborted) giveUp();
  else hungUp.addEventListener('abort', giveUp, { once: true });
  return waiter;
}

/**
 * The state of a process: at once when it has ended, else after waiting for its end.
 *
 * @param registered a waiter of this caller that is registered already
 */
export async function findAfterWait(
  correlationId: string,
  wait: CallerWait,
  { waitroom, findProcess }: WaitPorts,
  registered?: Waiter,
): Promise<FoundProcess | null> {
  const waiter = registered ?? openWaiter(waitroom, correlationId, wait);
  try {
    // Looked up after the waiter is registered: an end in between is seen by one of the two.
    const state = await findProcess(correlationId);
    if (!waiter || !state || isEnded(state)) return state;
    const end = await endOf(waiter, correlationId, findProcess);
    // A retry that the look-up saw may have taken back the end that the waiter was notified of.
    return end && end.version >= state.version ? end : state;
  } finally {
    waiter?.cancel();
  }
}

/** The caller waits for an answer, so the last look-up of a wait must be short. */
const LAST_LOOKUP_TIMEOUT_MS = 1_000;

/**
 * What a wait comes to: the end that the waiter was notified of, or else the state as it is stored, for
 * notifications can be lost. Null when that cannot be read in time.
 */
export async function endOf(
  waiter: Pick<Waiter, 'ended'>,
  correlationId: string,
  findProcess: FindProcess,
): Promise<ProcessState | null> {
  const end = await waiter.ended;
  if (end) return end;
  const late = new AbortController();
  const found = findProcess(correlationId).catch(() => null);
  const none = sleep(LAST_LOOKUP_TIMEOUT_MS, null, { signal: late.signal }).catch(() => null);
  return Promise.race([found, none]).finally(() => late.abort());
}
