import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineUnavailableError, StoreUnavailableError } from '../common/index.ts';
import { type ProcessCursor, waitsUntil } from '../process/index.ts';
import { reconcileRunning } from './reconcile-ended.ts';
import { reconcileErased } from './reconcile-erased.ts';
import { reconcilePending, viewBatch } from './reconcile-pending.ts';
import type { ReconcilePorts, Span } from './reconcile-ports.ts';

export interface ReconcileOptions {
  /** The process definitions whose running instances are checked. */
  processKeys: readonly string[];
  /** Milliseconds without news after which a process is checked. */
  afterMs: number;
  /** Milliseconds that the instance of a failed process is kept for a retry. */
  keepMs: number;
  /** Processes, or instances, that one set of calls asks about. */
  batch?: number;
}

/** Processes that are handled at the same time. */
const CONCURRENCY = 4;
const BATCH = 200;

/**
 * Compares processes with the engine and corrects what does not fit (G11): pending processes that cannot
 * end by themselves get an end with the reason, or their start or retry once more; instances of ended
 * processes are deleted, and so is what the engine still has of erased ones. Everything it does is safe to do
 * twice and at the same time as everything else, so a run may stop anywhere: the next one starts from the beginning.
 *
 * Without the engine or the database it stops with one log line; the next run tries again.
 */
export async function reconcileProcesses(
  ports: ReconcilePorts,
  options: ReconcileOptions,
  signal: AbortSignal,
): Promise<void> {
  const { log, clock } = ports;
  const at = clock();
  const span: Span = {
    now: new Date(at).toISOString(),
    cutoff: new Date(at - options.afterMs).toISOString(),
    keepUntil: new Date(at - options.keepMs).toISOString(),
  };
  try {
    await reconcileAllPending(ports, span, options.batch ?? BATCH, signal);
    await reconcileAllRunning(ports, span, options, signal);
    await reconcileErased(ports, options.batch ?? BATCH, signal);
  } catch (error) {
    if (!(error instanceof EngineUnavailableError) && !(error instanceof StoreUnavailableError)) {
      throw error;
    }
    log.info({ reason: error.message }, 'reconciler: stopped; the next run tries again');
  }
}

/** Bytes of processes that are in memory at once. */
const BATCH_BYTES = 4_000_000;

async function reconcileAllPending(
  ports: ReconcilePorts,
  span: Span,
  batch: number,
  signal: AbortSignal,
): Promise<void> {
  const { processStore, log } = ports;
  let after: ProcessCursor | undefined;
  while (!signal.aborted) {
    const { items: states, atEnd } = await processStore.list(
      { status: 'pending', to: span.cutoff },
      { limit: batch, maxBytes: BATCH_BYTES },
      after,
    );
    const last = states.at(-1);
    if (!last) return;
    // The others are not due: nothing has to be there yet.
    const begun = states.filter((state) => (waitsUntil(state) ?? '') <= span.now);
    const view = await viewBatch(begun, ports);
    const done = await each(begun, signal, async (state) => {
      const { correlationId } = state;
      const what = await orSkip(
        () => reconcilePending(state, view, ports, span),
        (err) => log.warn({ err, correlationId }, 'reconciler: skipped a process'),
      );
      if (what) log.info({ correlationId, what }, 'reconciler: corrected a process');
      return what !== null;
    });
    log[done > 0 ? 'info' : 'debug'](
      { checked: begun.length, done },
      'reconciler: compared pending processes with the engine',
    );
    if (atEnd) return;
    after = { updatedAt: last.updatedAt, correlationId: last.correlationId };
    await nextTurn();
  }
}

async function reconcileAllRunning(
  ports: ReconcilePorts,
  span: Span,
  { processKeys, batch = BATCH }: ReconcileOptions,
  signal: AbortSignal,
): Promise<void> {
  const { engine, log } = ports;
  for (let offset = 0; !signal.aborted; ) {
    const page = { startedBefore: span.cutoff, offset, limit: batch };
    const instances = await engine.listRunning(processKeys, page);
    const deleted = await each(instances, signal, async (instance) => {
      const { processInstanceId, businessKey: correlationId } = instance;
      const isDeleted = await orSkip(
        () => reconcileRunning(instance, ports, span),
        (err) => log.warn({ err, processInstanceId }, 'reconciler: skipped an instance'),
      );
      if (isDeleted) {
        log.info(
          { correlationId, processInstanceId },
          'reconciler: deleted the instance of an ended process',
        );
      }
      return isDeleted === true;
    });
    log[deleted > 0 ? 'info' : 'debug'](
      { checked: instances.length, deleted },
      'reconciler: compared running instances with their processes',
    );
    if (instances.length < batch) return;
    // What was deleted is in no later page.
    offset += instances.length - deleted;
    await nextTurn();
  }
}

/** Does `work` for all, some at a time, until the signal fires. @returns how often it gave true */
async function each<T>(
  list: readonly T[],
  signal: AbortSignal,
  work: (one: T) => Promise<boolean>,
): Promise<number> {
  const left = list.values();
  let count = 0;
  async function take(): Promise<void> {
    for (const one of left) {
      if (signal.aborted) return;
      if (await work(one)) count++;
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, take));
  return count;
}

/** One process that fails must not keep the others from their turn; an outage ends the run. */
async function orSkip<T>(
  work: () => Promise<T>,
  onSkip: (error: unknown) => void,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineUnavailableError || error instanceof StoreUnavailableError) {
      throw error;
    }
    onSkip(error);
    return null;
  }
}
