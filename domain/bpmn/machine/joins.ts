import type { ElementIndex, Program } from '../program/program.ts';
import { closeNode } from './close.ts';
import { elementOf, flowAt, openChildren, parentOf, programOf, type Run } from './run.ts';
import type { Node } from './state.ts';

/**
 * Comes to a parallel gateway, which waits for as many tokens as flows lead to it, whichever they came by.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/bpmn20/gateways/parallel-gateway/
 * @returns true when it continues; the others that waited are gone
 */
export function joinParallel(run: Run, node: Node): boolean {
  node.joined = true;
  return activate(run, node, waitingAt(run, node).length >= elementOf(run, node).incoming);
}

/**
 * Comes to an inclusive gateway, which waits as long as a token in its scope can still come to it.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/bpmn20/gateways/inclusive-gateway/
 */
export function joinInclusive(run: Run, node: Node): boolean {
  node.joined = true;
  const waiting = waitingAt(run, node);
  const isFull = waiting.length >= elementOf(run, node).incoming;
  return activate(run, node, isFull || !othersCanCome(run, node, waiting));
}

function waitingAt(run: Run, node: Node): Node[] {
  return openChildren(run, parentOf(run, node)).filter(
    (other) => other.joined && other.el === node.el,
  );
}

function activate(run: Run, node: Node, continues: boolean): boolean {
  if (!continues) return false;
  const others = waitingAt(run, node).filter((other) => other !== node);
  for (const other of others) closeNode(run, other, { cancelled: false });
  delete node.joined;
  return true;
}

function othersCanCome(run: Run, node: Node, waiting: readonly Node[]): boolean {
  const program = programOf(run, node);
  return leaves(run, parentOf(run, node)).some(
    (leaf) =>
      !waiting.includes(leaf) &&
      canReach(program, elementOfToken(program, leaf), node.el, new Set()),
  );
}

/** Where a token is: on a flow it is already at what that leads to. */
function elementOfToken(program: Program, { pending, flow, el }: Node): ElementIndex {
  return pending !== undefined && flow !== undefined ? flowAt(program, flow).target : el;
}

function leaves(run: Run, node: Node): Node[] {
  const inner = openChildren(run, node).filter((child) => !child.instance);
  return inner.length === 0 ? [node] : inner.flatMap((child) => leaves(run, child));
}

/** Over sequence flows, and out of a scope only from where no flow leads on, as in Camunda. */
function canReach(
  program: Program,
  from: ElementIndex,
  target: ElementIndex,
  seen: Set<ElementIndex>,
): boolean {
  if (from === target) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  const { outgoing, behavior, handlers, parent } = program.elements[from] ?? {};
  if (outgoing && outgoing.length > 0) {
    return outgoing.some((flow) => canReach(program, flowAt(program, flow).target, target, seen));
  }
  if (behavior?.kind === 'event-based') {
    return (handlers ?? []).some(({ element }) => canReach(program, element, target, seen));
  }
  return parent !== undefined && parent > 0 && canReach(program, parent, target, seen);
}
