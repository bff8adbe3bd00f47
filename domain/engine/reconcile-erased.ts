import { EngineUnavailableError, StoreUnavailableError } from '../common/index.ts';
import { deleteHistory } from './delete-history.ts';
import type { ReconcilePorts } from './reconcile-ports.ts';

/**
 * Finishes erasures that could not reach the engine: it was away, or it is embedded in a running service while
 * the command ran outside. The next run tries those that fail again.
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
      await deleteHistory(correlationId, ports);
      log.info({ correlationId }, 'reconciler: deleted the history of an erased process');
    } catch (err) {
      if (err instanceof EngineUnavailableError || err instanceof StoreUnavailableError) throw err;
      log.warn({ err, correlationId }, 'reconciler: skipped an erased process');
    }
  }
}
