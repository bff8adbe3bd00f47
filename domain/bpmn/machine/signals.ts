import type { Values } from '../values/value.ts';
import { isAlive, nodeAt, type Run } from './run.ts';
import type { Node, Wait } from './state.ts';
import { handlerAt, startHandler } from './trigger.ts';
import { setLocals, setVariables } from './variables.ts';
import { renewTimer } from './waits.ts';

/** Gives a signal that is thrown to all that waits for it in this state. */
export function deliverSignal(run: Run, name: string, variables: Values): void {
  for (const wait of waitingFor(run, name)) if (run.waits.has(wait.id)) take(run, wait, variables);
}

/** What waits for a signal, in the order in which it began to wait. */
export function waitingFor(run: Run, name: string): Wait[] {
  return [...run.waits.values()].filter((wait) => wait.kind === 'signal' && wait.name === name);
}

/** What a node waits for has come: its activity continues, or the handler of the event starts. */
export function take(run: Run, wait: Wait, variables?: Values, locals?: Values): void {
  const node = nodeAt(run, wait.node);
  setVariables(run, node, variables);
  setLocals(run, node, locals);
  const handler = handlerAt(run, node, wait.handler);
  if (!handler) return;
  if (wait.kind === 'timer' && !handler.interrupting) renewTimer(run, wait);
  if (handler.element === node.el) continueAt(run, node);
  else startHandler(run, node, handler);
}

function continueAt(run: Run, node: Node): void {
  if (isAlive(run, node)) run.agenda.push({ kind: 'leave', node: node.id });
}
