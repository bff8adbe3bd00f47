import { reportEnd } from './close.ts';
import { noteUndo } from './compensation.ts';
import { endIn } from './leave.ts';
import { elementOf, openChildren, parentOf, type Run } from './run.ts';
import type { Node } from './state.ts';

/*
 * A user task of a loop whose error nothing catches: Camunda ends the instance of the loop, and leaves its task open as long
 * as the loop is. Who does that task ends an instance once more: in a parallel loop the counters say so, in a sequential one
 * the instance that runs now ends, and its task stays in its turn. (Seen on Operaton 1.0.3.)
 */

/** @returns false when it is no such task: its path ends as any other */
export function endWithOpenTask(run: Run, node: Node): boolean {
  const body = parentOf(run, node);
  const { behavior, isScope } = elementOf(run, node);
  const isInLoop = elementOf(run, body).behavior.kind === 'multi-instance';
  if (behavior.kind !== 'user-task' || isScope || !isInLoop || body.undoing) return false;
  endOne(run, body, node.ended ? currentOf(run, body, node) : node);
  return true;
}

/** Such a task is done after all. */
export function endTwice(run: Run, node: Node): void {
  const body = parentOf(run, node);
  noteUndo(run, node);
  run.effects.push({ kind: 'task-closed', node: node.id });
  node.ended = 'task-done';
  endOne(run, body, currentOf(run, body, node));
}

/** What ends in the place of an instance that has ended: in a sequential loop the one that runs now. */
function currentOf(run: Run, body: Node, node: Node): Node {
  const { behavior } = elementOf(run, body);
  const isSequential = behavior.kind === 'multi-instance' && behavior.loop.sequential;
  const current = isSequential ? openChildren(run, body).find((child) => !child.ended) : undefined;
  return current ?? node;
}

function endOne(run: Run, body: Node, node: Node): void {
  if (!node.ended) {
    reportEnd(run, node, false);
    node.ended = 'task-open';
  }
  endIn(run, body, node);
}
