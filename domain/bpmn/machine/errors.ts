import type { Handler } from '../program/program.ts';
import { textValue } from '../values/value.ts';
import { passOutputs } from './mappings.ts';
import { elementOf, nodeAt, parentOf, programOf, type Run } from './run.ts';
import type { Node } from './state.ts';
import { startHandler } from './trigger.ts';
import { setVariable } from './variables.ts';

/** The scopes that an event is thrown through, from its own outwards, into those who called. */
function* outwards(run: Run, from: Node): Generator<Node> {
  for (let node: Node = from; ; ) {
    yield node;
    if (node.up === null) return;
    const around = nodeAt(run, node.up);
    if (node.instance) {
      const { behavior } = elementOf(run, around);
      if (behavior.kind === 'call') passOutputs(run, node, around, behavior.outs);
    }
    node = around;
  }
}

/** Whether the node is in what the handler would start: it does not catch what it throws itself. */
function isWithin(run: Run, node: Node, host: Node, { element }: Handler): boolean {
  for (
    let at: Node | undefined = node;
    at && at !== host;
    at = at.up === null ? undefined : run.nodes.get(at.up)
  ) {
    if (at !== node && at.in === host.in && at.el === element) return true;
  }
  return false;
}

/**
 * Throws a BPMN error at a node: the innermost scope that catches its code handles it.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/bpmn20/events/error-events/
 * @returns false when nothing catches it
 */
export function throwError(run: Run, node: Node, code: string, message: string | null): boolean {
  for (const host of outwards(run, node)) {
    const handler = elementOf(run, host).errorHandlers.find(
      (one) =>
        one.definition.kind === 'error' &&
        (one.definition.code === null || one.definition.code === code) &&
        !isWithin(run, node, host, one),
    );
    if (handler?.definition.kind !== 'error') continue;
    const { codeVariable, messageVariable } = handler.definition;
    if (codeVariable !== null) setVariable(run, host, codeVariable, textValue(code));
    if (messageVariable !== null) setVariable(run, host, messageVariable, textValue(message));
    startHandler(run, host, handler);
    return true;
  }
  return false;
}

/**
 * Throws an escalation at a node.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/bpmn20/events/escalation-events/
 * @returns whether it was caught, and whether that interrupts
 */
export function throwEscalation(
  run: Run,
  node: Node,
  code: string,
): { caught: boolean; interrupting: boolean } {
  for (const host of outwards(run, node)) {
    const handler = elementOf(run, host).escalationHandlers.find(
      (one) =>
        one.definition.kind === 'escalation' &&
        (one.definition.code === null || one.definition.code === code) &&
        !isThrownIn(run, node, host, one),
    );
    if (handler?.definition.kind !== 'escalation') continue;
    const { codeVariable } = handler.definition;
    if (codeVariable !== null) {
      // A boundary event that does not interrupt runs beside its host, and does not see the variables there.
      const isInside = programOf(run, host).elements[handler.element]?.parent === host.el;
      const scope = handler.interrupting || isInside ? host : parentOf(run, host);
      setVariable(run, scope, codeVariable, textValue(code));
    }
    startHandler(run, host, handler);
    return { caught: true, interrupting: handler.interrupting };
  }
  return { caught: false, interrupting: false };
}

/** Only an escalation that is thrown in the event sub-process itself, not deeper, is not caught by it. */
function isThrownIn(run: Run, node: Node, host: Node, { element }: Handler): boolean {
  return node.in === host.in && elementOf(run, node).parent === element;
}
