import { fold, type ProcessState } from '../process/index.ts';
import type { EngineInstance } from './engine.ts';
import type { ReconcilePorts, Span } from './reconcile-ports.ts';

/**
 * Deletes a running instance whose process has ended otherwise: cancelled, refused, or failed so long ago
 * that nobody will retry it. Instances that belong to no process here are somebody else's.
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
  if (!stored || stored.processName !== processKey || !isLeftOver(stored, span)) return false;
  // process_store may be behind: a retry may have taken the end back.
  const state = fold(await eventStore.readStream(businessKey));
  if (!state || !isLeftOver(state, span)) return false;
  // A refusal may have a path of its own that still does something.
  if (state.error?.kind === 'business' && (await engine.isWorkedOn(processInstanceId)))
    return false;
  await engine.cancel(processInstanceId);
  return true;
}

function isLeftOver(state: ProcessState, { cutoff, keepUntil }: Span): boolean {
  switch (state.error?.kind) {
    case 'cancelled':
    case 'business':
      return state.updatedAt <= cutoff;
    case 'technical':
      return state.updatedAt <= keepUntil;
    default:
      // Pending, or ended well: branches beside the final step may go on.
      return false;
  }
}
