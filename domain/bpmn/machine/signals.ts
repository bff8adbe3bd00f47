import type { Values } from '../values/value.ts';
import type { SignalByJob } from './inputs.ts';
import { isAlive, nodeAt, openWait, programOf, type Run } from './run.ts';
import type { Node, Wait } from './state.ts';
import { handlerAt, startHandler } from './trigger.ts';
import { setLocals, setVariables } from './variables.ts';
import { renewTimer } from './waits.ts';

/** Gives a signal that is thrown to all that waits for it in this state. */
export function deliverSignal(
  run: Run,
  name: string,
  variables: Values,
  byJob?: SignalByJob,
): void {
  for (const wait of waitingFor(run, name)) receiveSignal(run, wait, variables, byJob);
}

/** Gives a signal to one that waits for it, now or by a job; to one that waits no more, nothing. */
export function receiveSignal(run: Run, wait: Wait, variables?: Values, byJob?: SignalByJob): void {
  if (!run.waits.has(wait.id)) return;
  if (byJob === 'all') openDelivery(run, wait, variables);
  else if (byJob === 'caught' && isCaught(run, wait)) openDelivery(run, wait);
  else take(run, wait, variables);
}

/** By an intermediate event, also one behind an event-based gateway: others have no job for it in Camunda. */
function isCaught(run: Run, wait: Wait): boolean {
  const node = nodeAt(run, wait.node);
  const element = handlerAt(run, node, wait.handler)?.element;
  return (
    element !== undefined &&
    programOf(run, node).elements[element]?.type === 'intermediateSignalCatch'
  );
}

function openDelivery(run: Run, { id, node, handler }: Wait, variables?: Values): void {
  openWait(run, {
    ...{ node, handler, kind: 'job', due: run.context.now },
    delivers: { wait: id, ...(variables ? { variables } : {}) },
  });
}

/** A job that delivers a signal runs: what waits for that may have gone. */
export function deliver(run: Run, { wait, variables }: NonNullable<Wait['delivers']>): void {
  const awaited = run.waits.get(wait);
  if (awaited) take(run, awaited, variables);
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
