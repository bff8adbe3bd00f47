import { runOutputs } from './mappings.ts';
import { dropNode, elementOf, instanceOf, type Run } from './run.ts';
import type { Node } from './state.ts';
import { closeWaits } from './waits.ts';

const TASKS = new Set(['external-task', 'user-task']);

/** Ends the instance of an activity that has nothing in it any more. */
export function closeNode(run: Run, node: Node, { cancelled }: { cancelled: boolean }): void {
  if (node.pending === undefined && node.kept !== true) closeActivity(run, node, cancelled);
  dropNode(run, node);
}

function closeActivity(run: Run, node: Node, cancelled: boolean): void {
  const element = elementOf(run, node);
  if (TASKS.has(element.behavior.kind) && node.ended !== 'task-done') {
    run.effects.push({ kind: 'task-closed', node: node.id });
  }
  if (node.ended) return;
  if (node.instance) {
    closeInstance(run, node, cancelled);
    return;
  }
  // It has ended before, and was kept.
  if (node.revived) return;
  keepInputs(run, node);
  runOutputs(run, node);
  reportEnd(run, node, cancelled);
}

/** Camunda's history has the inputs of a sub-process among the variables of the process instance. */
function keepInputs(run: Run, node: Node): void {
  const { behavior, inputs, parent } = elementOf(run, node);
  const owner = instanceOf(run, node);
  if (behavior.kind !== 'sub-process' || parent !== 0) return;
  for (const { name } of inputs) {
    const value = node.vars?.[name];
    if (!value || !owner.instance) continue;
    // Not changed there: the state before the step has it, too.
    owner.instance = { ...owner.instance, past: { ...owner.instance.past, [name]: value } };
  }
}

export function reportEnd(run: Run, node: Node, cancelled: boolean): void {
  const element = elementOf(run, node);
  // It is no activity of Camunda's history.
  if (element.type === 'intermediateLinkCatch') return;
  const instance = run.nodes.get(node.in)?.instance;
  const called = (run.children.get(node.id) ?? []).find((child) => child.instance);
  run.effects.push({
    kind: 'activity-ended',
    node: node.id,
    up: node.up,
    instance: instance?.id ?? '',
    activity: element.id,
    type: element.type,
    since: node.since ?? run.context.now,
    cancelled,
    calledInstance: called?.instance?.id ?? node.calledInstance ?? null,
  });
}

function closeInstance(run: Run, node: Node, cancelled: boolean): void {
  run.effects.push({
    kind: 'instance-ended',
    node: node.id,
    id: node.instance?.id ?? '',
    how: cancelled ? 'cancelled' : 'completed',
    variables: { ...node.instance?.past, ...node.vars },
  });
}

/** Cancels a node and all that is in it, the innermost first. */
export function cancelNode(run: Run, node: Node): void {
  for (const child of [...(run.children.get(node.id) ?? [])]) cancelNode(run, child);
  closeNode(run, node, { cancelled: true });
}

/** Takes away what a scope has kept for compensation. */
export function dropKept(run: Run, node: Node): void {
  for (const child of [...(run.children.get(node.id) ?? [])]) {
    if (!child.kept) continue;
    dropKept(run, child);
    dropNode(run, child);
  }
}

/** Cancels what runs in a scope, which itself continues: what is kept for compensation stays. */
export function interruptScope(run: Run, scope: Node, except?: Node): void {
  for (const child of [...(run.children.get(scope.id) ?? [])]) {
    if (child !== except && !child.kept) cancelNode(run, child);
  }
  closeWaits(run, scope);
}
