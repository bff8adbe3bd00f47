import type { Handler } from '../program/program.ts';
import { cancelNode, interruptScope } from './close.ts';
import { elementOf, programOf, type Run, scheduleEnter } from './run.ts';
import type { Node } from './state.ts';

/**
 * Starts what handles an event: an event sub-process in its scope, or a boundary event (or the event behind an event-based
 * gateway) beside its host; what is interrupted is cancelled first.
 *
 * @param host the node that the handler belongs to
 */
export function startHandler(run: Run, host: Node, { element, interrupting }: Handler): void {
  const { parent } = programOf(run, host).elements[element] ?? {};
  const isInside = parent === host.el;
  if (isInside) {
    if (interrupting) interruptScope(run, host);
    scheduleEnter(run, { up: host.id, el: element, in: host.in });
    return;
  }
  const { up, in: instance } = host;
  if (interrupting) cancelNode(run, host);
  scheduleEnter(run, { up, el: element, in: instance });
}

export function handlerAt(run: Run, host: Node, index: number): Handler | undefined {
  return elementOf(run, host).handlers[index];
}
