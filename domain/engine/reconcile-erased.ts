import { EngineUnavailableError, StoreUnavailableError } from '../common/index.ts';
import { forgetInstances } from './delete-history.ts';
import type { ReconcilePorts } from './reconcile-ports.ts';

/**
 * Finishes erasures that could not reach the engine: it was away, or it is embedded in a running service while
 * the command ran outside. One that cannot be finished is left to the next run.
 */
export async function reconcileErased(
  ports: ReconcilePorts,
  batch: number,
  signal: AbortSignal,
): Promise<void> {
  const { processKeys, log } = ports;
  for (const correlationId of await processKeys.leftInEngine(batch)) {
    if (signal.aborted) return;
    try {
      await forgetInstances(correlationId, ports);
      log.info({ correlationId }, 'reconciler: the engine holds nothing of an erased process now');
    } catch (err) {
      if (err instanceof EngineUnavailableError || err instanceof StoreUnavailableError) throw err;
      log.warn({ err, correlationId }, 'reconciler: an erased process was left in the engine');
    }
  }
}
