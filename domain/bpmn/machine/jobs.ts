import type { Element } from '../program/program.ts';
import { initialRetries, JOB_RETRIES } from '../program/retry-cycle.ts';
import { elementOf, openWait, programOf, type Run } from './run.ts';
import type { Node, Wait } from './state.ts';
import { scopeAt } from './variables.ts';

/** An activity is entered or left by a job. */
export function openJob(run: Run, node: Node): void {
  const due = run.context.now;
  openWait(run, { node: node.id, kind: 'job', handler: -1, due, ...attempts(run, node, -1) });
}

/** The attempts of a new job: of the timer with this handler, or, with -1, of the node's own element. */
export function attempts(run: Run, node: Node, handler: number): Pick<Wait, 'retries'> {
  const { retryCycle } = elementWithJob(run, node, handler);
  const byDefault = run.context.retryCycle ?? null;
  const retries = initialRetries(retryCycle, scopeAt(run, node), byDefault);
  return retries === JOB_RETRIES ? {} : { retries };
}

/** The element whose retry cycle counts for a job. */
export function elementWithJob(run: Run, node: Node, handler: number): Element {
  const own = elementOf(run, node);
  const event = own.handlers[handler]?.event;
  return (event === undefined ? undefined : programOf(run, node).elements[event]) ?? own;
}
