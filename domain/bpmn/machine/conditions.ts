import { toBoolean } from '../expressions/results.ts';
import type { ConditionDefinition } from '../program/program.ts';
import { type Change, elementOf, isAlive, openChildren, type Run } from './run.ts';
import type { Node, NodeId, Wait } from './state.ts';
import { handlerAt, startHandler } from './trigger.ts';
import { evaluate } from './variables.ts';

/*
 * Conditional events: a condition is asked when its scope is entered, and when a variable changes that it can see. Changes
 * are gathered, and asked about before the next activity begins or ends.
 * https://docs.camunda.org/manual/7.24/reference/bpmn20/events/conditional-events/
 */

/** Asks the conditions of a node that is entered now. @returns false when the node does not continue */
export function askOnEntry(run: Run, node: Node): boolean {
  let continues = true;
  for (const wait of conditionsOf(run, node)) {
    if (!run.waits.has(wait.id)) continue;
    const handler = handlerAt(run, node, wait.handler);
    if (!handler || handler.element === node.el || handler.definition.kind !== 'conditional')
      continue;
    // The events behind an event-based gateway are asked in their order when it is executed.
    if (elementOf(run, node).behavior.kind === 'event-based') continue;
    if (!holds(run, node, handler.definition)) continue;
    startHandler(run, node, handler);
    if (handler.interrupting) continues = false;
  }
  return continues && isAlive(run, node);
}

/**
 * Asks the conditions about all variables that have changed.
 *
 * @param except the node whose conditions are not asked; left out: all are
 */
export function askAboutChanges(run: Run, except?: NodeId): void {
  while (run.changes.length > 0) {
    const changes = run.changes;
    run.changes = [];
    for (const change of changes) askAbout(run, change, except);
  }
}

function askAbout(run: Run, change: Change, except?: NodeId): void {
  const scope = run.nodes.get(change.node);
  if (!scope) return;
  for (const node of within(run, scope)) {
    if (node.pending !== undefined || node.id === except) continue;
    for (const wait of conditionsOf(run, node)) {
      if (run.waits.has(wait.id) && isAlive(run, node)) askOne(run, node, wait, change);
    }
  }
}

function askOne(run: Run, node: Node, wait: Wait, change: Change): void {
  const handler = handlerAt(run, node, wait.handler);
  if (handler?.definition.kind !== 'conditional') return;
  const { variableName, variableEvents } = handler.definition;
  if (variableName !== null && variableName !== change.name) return;
  if (variableEvents.length > 0 && !variableEvents.includes(change.event)) return;
  if (!holds(run, node, handler.definition)) return;
  if (handler.element === node.el) run.agenda.push({ kind: 'leave', node: node.id });
  else startHandler(run, node, handler);
}

/** @throws nothing: a condition that cannot be evaluated yet does not hold, as in Camunda */
export function holds(run: Run, node: Node, { condition }: ConditionDefinition): boolean {
  try {
    return toBoolean(evaluate(run, node, condition));
  } catch {
    return false;
  }
}

function conditionsOf(run: Run, { id }: Node): Wait[] {
  return [...run.waits.values()].filter(({ node, kind }) => node === id && kind === 'conditional');
}

/** A scope and what runs in it, from the top down; not what it has called. */
function within(run: Run, scope: Node): Node[] {
  return [
    scope,
    ...openChildren(run, scope).flatMap((child) => (child.instance ? [] : within(run, child))),
  ];
}
