import { type ProcessState, readProcess } from '../process/index.ts';
import type { EngineInstance } from './engine.ts';
import type { ReconcilePorts, Span } from './reconcile-ports.ts';

/**
 * Deletes a running instance whose process has ended without it: cancelled, refused, or failed so long ago
 * that nobody will retry it. Leaves instances alone that belong to no process here.
 *
 * @returns true when it was deleted
 */
export async function reconcileRunning(
  instance: EngineInstance,
  { eventStore, processStore, engine }: ReconcilePorts,
  span: Span,
): Promise<boolean> {
  const { businessKey, processKey, processInstanceId } = instance;
  if (businessKey === null) return false;
  const stored = await processStore.get(businessKey);
  if (stored && (stored.processName !== processKey || !isOver(stored, span))) return false;
  // process_store may be behind: a retry may have taken the end back. And it does not have archived processes: one that
  // failed may be archived before its time for a retry is over.
  const { state } = await readProcess(eventStore, businessKey);
  if (!state || state.processName !== processKey || !isOver(state, span)) return false;
  // A refusal may have a path of its own that still does something.
  if (state.error?.kind === 'business' && (await engine.isWorkedOn(processInstanceId)))
    return false;
  await engine.cancel(processInstanceId);
  return true;
}

/** True when an instance of the process has nothing more to do. */
function isOver(state: ProcessState, { cutoff, keepUntil }: Span): boolean {
  switch (state.error?.kind) {
    case 'cancelled':
    case 'business':
      return state.updatedAt <= cutoff;
    case 'technical':
      return state.updatedAt <= keepUntil;
    default:
      // Pending, or ended well: branches beside the final step may still run.
      return false;
  }
}
