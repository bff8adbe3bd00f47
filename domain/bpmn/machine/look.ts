import type { Program } from '../program/program.ts';
import type { Value } from '../values/value.ts';
import type { Node, NodeId, State } from './state.ts';

/** The variables that are visible from a node: its own, and those around it in its process instance. */
export function visibleVariables(state: State, id: NodeId): Record<string, Value> {
  const nodes = new Map(state.nodes.map((node) => [node.id, node]));
  const found: Readonly<Record<string, Value>>[] = [];
  for (
    let node: Node | undefined = nodes.get(id);
    node;
    node = node.up === null ? undefined : nodes.get(node.up)
  ) {
    if (node.vars) found.unshift(node.vars);
    if (node.id === node.in) break;
  }
  return Object.assign({}, ...found);
}

/** The variables of a node itself. */
export function localVariables(state: State, id: NodeId): Record<string, Value> {
  return { ...state.nodes.find((node) => node.id === id)?.vars };
}

/**
 * The variables of an execution as Camunda tells them. Those of a loop are in Camunda one scope above the scope of the activity that it
 * repeats.
 */
export function executionVariables(program: Program, node: Node): Record<string, Value> {
  const own = { ...node.vars };
  const element = program.elements[node.el];
  const around = program.elements[element?.parent ?? -1]?.behavior;
  if (element?.isScope && around?.kind === 'multi-instance') {
    delete own.loopCounter;
    if (around.loop.elementVariable) delete own[around.loop.elementVariable];
  }
  return own;
}
