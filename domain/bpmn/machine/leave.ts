import type { FlowIndex } from '../program/program.ts';
import { cancelNode, closeNode, dropKept } from './close.ts';
import { isUndoing, keepScope, noteUndo } from './compensation.ts';
import { askAboutChanges } from './conditions.ts';
import { exclusiveFlow, outgoingFlows } from './flows.ts';
import { openJob } from './jobs.ts';
import { passOutputs } from './mappings.ts';
import { endInstance } from './multi-instance.ts';
import {
  addNode,
  dropNode,
  elementOf,
  flowAt,
  isAlive,
  nodeAt,
  openChildren,
  parentOf,
  programOf,
  type Run,
  StepError,
} from './run.ts';
import type { Node } from './state.ts';

/** Leaves an activity that is done. */
export function leave(run: Run, node: Node): void {
  askAboutChanges(run);
  if (!isAlive(run, node)) return;
  const { behavior, isCompensation } = elementOf(run, node);
  switch (behavior.kind) {
    case 'exclusive':
      leaveBy(run, node, [exclusiveFlow(run, node)]);
      return;
    case 'cancel-end':
      cancelTransaction(run, node);
      return;
    case 'sub-process':
    case 'multi-instance':
      keepScope(run, node);
      break;
    default:
  }
  noteUndo(run, node);
  const flows = outgoingFlows(run, node);
  if (flows.length > 0) leaveBy(run, node, flows);
  else if (isCompensation && isUndoing(run, node)) endUndoing(run, node);
  else end(run, node);
}

/** Leaves an element by flows; without any, its path ends. */
export function leaveBy(run: Run, node: Node, flows: readonly FlowIndex[]): void {
  if (flows.length === 0) {
    end(run, node);
    return;
  }
  const { asyncAfter } = elementOf(run, node);
  const { up, in: instance, el } = node;
  const program = programOf(run, node);
  finish(run, node);
  const tokens = flows.map((flow) =>
    addNode(run, {
      up,
      in: instance,
      flow,
      el: asyncAfter ? el : flowAt(program, flow).target,
      pending: asyncAfter ? 'after' : 'enter',
    }),
  );
  if (asyncAfter) {
    for (const token of tokens) openJob(run, token);
  } else {
    // The agenda is worked off from its end.
    run.agenda.push(...tokens.map(({ id }) => ({ kind: 'enter' as const, node: id })).reverse());
  }
}

/** Takes the instance of an activity out of the tree, with what it has kept. */
function finish(run: Run, node: Node): void {
  dropKept(run, node);
  closeNode(run, node, { cancelled: false });
}

/** The path ends at a node: no flow leads on. */
export function end(run: Run, node: Node): void {
  const { up, el, in: instance } = node;
  const { asyncAfter } = elementOf(run, node);
  if (asyncAfter && up !== null) {
    finish(run, node);
    openJob(run, addNode(run, { up, el, in: instance, pending: 'after' }));
    return;
  }
  const scope = parentOf(run, node);
  finish(run, node);
  endIn(run, scope, node);
}

/** A token that a job brings to its end. */
export function endPending(run: Run, node: Node): void {
  const scope = parentOf(run, node);
  dropNode(run, node);
  endIn(run, scope, node);
}

/** Something has ended in a scope: so does the scope when nothing else is in it. */
export function endIn(run: Run, scope: Node, ended: Node): void {
  if (scope.undoing) {
    strand(run, scope, ended);
    return;
  }
  const { behavior } = elementOf(run, scope);
  if (behavior.kind === 'multi-instance') {
    if (endInstance(run, scope, ended)) leave(run, scope);
    return;
  }
  if (openChildren(run, scope).length > 0) return;
  if (behavior.kind === 'process') {
    endProcess(run, scope);
  } else if (behavior.kind === 'sub-process') {
    leave(run, scope);
  } else {
    throw new StepError(`nothing can end in execution ${scope.id}`);
  }
}

/**
 * What should undo something has ended otherwise, by an error that nothing catches. Nothing tells that to who threw the
 * compensation, so Camunda continues only when others end after it. In a loop it stays, so that nothing continues any more;
 * unless the loop is parallel and all else in it has ended: then the flow behind the loop is taken again. What is no scope,
 * such as a user task, completes the scope around it instead. (Seen on Operaton 1.0.3.)
 */
function strand(run: Run, scope: Node, { el, in: instance }: Node): void {
  if (!programOf(run, scope).elements[el]?.isScope) {
    completeAround(run, scope);
    return;
  }
  const { behavior } = elementOf(run, scope);
  if (behavior.kind !== 'multi-instance') return;
  addNode(run, { up: scope.id, el, in: instance, pending: 'stranded' });
  const children = openChildren(run, scope);
  if (behavior.loop.sequential || children.some(({ pending }) => pending !== 'stranded')) return;
  for (const child of children) dropNode(run, child);
  leaveUndoing(run, scope);
}

function completeAround(run: Run, scope: Node): void {
  const { behavior } = elementOf(run, scope);
  switch (behavior.kind) {
    case 'multi-instance':
      if (behavior.loop.sequential) leaveUndoing(run, scope);
      return;
    case 'sub-process':
      leaveUndoing(run, scope);
      return;
    default: {
      const around = parentOf(run, scope);
      if (openChildren(run, around).length > 1) return;
      cancelNode(run, scope);
      endIn(run, around, scope);
    }
  }
}

function leaveUndoing(run: Run, scope: Node): void {
  for (const child of openChildren(run, scope)) cancelNode(run, child);
  delete scope.undoing;
  leave(run, scope);
}

function endProcess(run: Run, instance: Node): void {
  askAboutChanges(run);
  if (!isAlive(run, instance) || openChildren(run, instance).length > 0) return;
  if (instance.up === null) {
    finish(run, instance);
    return;
  }
  const call = nodeAt(run, instance.up);
  const { behavior } = elementOf(run, call);
  if (behavior.kind === 'call') passOutputs(run, instance, call, behavior.outs);
  call.calledInstance = instance.instance?.id ?? null;
  finish(run, instance);
  leave(run, call);
}

/** What undoes an activity has ended. */
function endUndoing(run: Run, node: Node): void {
  const around = parentOf(run, node);
  finish(run, node);
  undone(run, around);
}

/** One thing less to undo: what waits for that continues after the last. */
function undone(run: Run, node: Node): void {
  if (openChildren(run, node).length > 0) return;
  const { behavior } = elementOf(run, node);
  if (behavior.kind === 'compensation-throw' || behavior.kind === 'cancel-end') {
    leave(run, node);
    return;
  }
  const around = parentOf(run, node);
  finish(run, node);
  undone(run, around);
}

/** All of a transaction is undone: it continues at its cancel boundary event. */
function cancelTransaction(run: Run, node: Node): void {
  const { behavior } = elementOf(run, node);
  if (behavior.kind !== 'cancel-end' || behavior.boundary === null) return;
  const inner = parentOf(run, node);
  const around = parentOf(run, inner);
  const isLoop = elementOf(run, around).behavior.kind === 'multi-instance';
  const host = isLoop ? around : inner;
  const { up, in: instance } = host;
  cancelNode(run, host);
  const token = addNode(run, { up, el: behavior.boundary, in: instance, pending: 'enter' });
  run.agenda.push({ kind: 'enter', node: token.id });
}
