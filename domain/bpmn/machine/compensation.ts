import type { ElementIndex } from '../program/program.ts';
import {
  addNode,
  elementOf,
  instanceOf,
  keptChildren,
  moveNode,
  nextNumber,
  nodeAt,
  parentOf,
  programOf,
  type Run,
  scheduleEnter,
} from './run.ts';
import type { Node, Undo } from './state.ts';

/*
 * Compensation as Camunda does it: an activity that ends leaves a note of what undoes it in its scope; a scope that ends
 * stays, with its variables, as long as it has such notes.
 * https://docs.camunda.org/manual/7.24/reference/bpmn20/events/cancel-and-compensation-events/
 */

/** Notes, where an activity ends, what undoes it. */
export function noteUndo(run: Run, node: Node): void {
  const { compensation } = elementOf(run, node);
  if (compensation === null || isEventSubProcess(run, node, compensation)) return;
  addUndo(run, parentOf(run, node), { el: compensation, kept: null });
}

/** Keeps a scope that ends, when something in it can be undone. */
export function keepScope(run: Run, node: Node): void {
  const { compensation } = elementOf(run, node);
  const hasOwn = compensation !== null && isEventSubProcess(run, node, compensation);
  if (!node.undo?.length && !hasOwn) return;
  const around = parentOf(run, node);
  const kept = addNode(run, {
    up: around.id,
    el: node.el,
    in: node.in,
    kept: true,
    ...(node.vars ? { vars: node.vars } : {}),
    ...(node.undo ? { undo: node.undo } : {}),
  });
  for (const child of keptChildren(run, node)) moveNode(run, child, kept.id);
  const isScope =
    compensation !== null &&
    programOf(run, node).elements[compensation]?.behavior.kind === 'sub-process';
  addUndo(run, around, { el: isScope ? compensation : node.el, kept: kept.id });
}

/** Camunda's history has the variables of a sequential loop that is undone among those of the process instance. */
function showVariables(run: Run, node: Node): void {
  const { behavior, parent } = elementOf(run, node);
  const { instance } = instanceOf(run, node);
  if (behavior.kind !== 'multi-instance' || !behavior.loop.sequential || parent !== 0) return;
  if (programOf(run, node).elements[behavior.loop.inner]?.behavior.kind === 'sub-process') return;
  if (instance) instance.past = { ...instance.past, ...node.vars };
}

function addUndo(run: Run, scope: Node, undo: Omit<Undo, 'seq'>): void {
  scope.undo = [...(scope.undo ?? []), { ...undo, seq: nextNumber(run) }];
}

function isEventSubProcess(run: Run, node: Node, index: ElementIndex): boolean {
  const { behavior } = programOf(run, node).elements[index] ?? {};
  return behavior?.kind === 'sub-process' && behavior.byEvent;
}

/** What a node that throws compensation compensates: of its scope, or of one activity there. */
export function findUndos(run: Run, node: Node, activity: ElementIndex | null): Undo[] {
  const found: Undo[] = [];
  for (let scope = parentOf(run, node); ; scope = parentOf(run, scope)) {
    found.push(...(scope.undo ?? []));
    // An event sub-process compensates what is around it, too.
    const { behavior } = elementOf(run, scope);
    if (behavior.kind !== 'sub-process' || !behavior.byEvent) break;
  }
  if (activity === null) return found;
  const wanted = undoneBy(run, node, activity);
  return found.filter(({ el }) => el === wanted);
}

/** Under which element the undoing of an activity is noted. */
function undoneBy(run: Run, node: Node, activity: ElementIndex): ElementIndex {
  const { elements } = programOf(run, node);
  const element = elements[activity];
  const around = elements[element?.parent ?? 0];
  if (around?.behavior.kind === 'multi-instance') return around.index;
  return element?.compensation ?? activity;
}

/** Begins to undo, the last first; `node` waits for all of it. */
export function startUndo(run: Run, node: Node, undos: readonly Undo[]): void {
  node.undoing = true;
  const inOrder = [...undos].sort((a, b) => a.seq - b.seq);
  for (const undo of inOrder) removeUndo(run, undo);
  // The agenda is worked off from its end.
  for (const undo of inOrder) begin(run, node, undo);
}

function begin(run: Run, node: Node, { el, kept }: Undo): void {
  if (kept === null) {
    scheduleEnter(run, { up: node.id, el, in: node.in, passed: true });
    return;
  }
  const scope = nodeAt(run, kept);
  moveNode(run, scope, node.id);
  delete scope.kept;
  scope.revived = true;
  showVariables(run, scope);
  if (isEventSubProcess(run, scope, el)) {
    scheduleEnter(run, { up: scope.id, el, in: scope.in, passed: true });
  } else if (programOf(run, scope).elements[el]?.isCompensation) {
    scope.undo = [];
    scheduleEnter(run, { up: scope.id, el, in: scope.in, passed: true });
  } else {
    startUndo(run, scope, scope.undo ?? []);
  }
}

function removeUndo(run: Run, { seq }: Undo): void {
  for (const node of run.nodes.values()) {
    if (node.undo?.some((undo) => undo.seq === seq))
      node.undo = node.undo.filter((undo) => undo.seq !== seq);
  }
}

/** Whether a node undoes something, however deep. */
export function isUndoing(run: Run, node: Node): boolean {
  for (let at = node; at.up !== null; ) {
    at = nodeAt(run, at.up);
    if (at.undoing) return true;
  }
  return false;
}
