import type { Effect } from '../../../domain/bpmn/index.ts';

/** The nodes of the tasks that effects have opened and not closed, in the order of their opening. */
export function openTasksOf(effects: readonly Effect[]): number[] {
  const open = new Set<number>();
  for (const effect of effects) {
    if (effect.kind === 'task-opened' || effect.kind === 'user-task-opened') open.add(effect.node);
    if (effect.kind === 'task-closed') open.delete(effect.node);
  }
  return [...open];
}
