import { toText } from '../expressions/results.ts';
import type { Behavior } from '../program/program.ts';
import { callProcess, scheduleStart } from './call.ts';
import { interruptScope } from './close.ts';
import { findUndos, startUndo } from './compensation.ts';
import { askAboutChanges, askOnEntry, holds } from './conditions.ts';
import { throwError, throwEscalation } from './errors.ts';
import { inclusiveFlows } from './flows.ts';
import { openJob } from './jobs.ts';
import { joinInclusive, joinParallel } from './joins.ts';
import { end, endIn, leave, leaveBy } from './leave.ts';
import { passed, runInputs } from './mappings.ts';
import { beginLoop } from './multi-instance.ts';
import {
  dropNode,
  elementOf,
  isAlive,
  openChildren,
  parentOf,
  programOf,
  type Run,
  StepError,
  scheduleEnter,
} from './run.ts';
import { deliverSignal } from './signals.ts';
import type { Node } from './state.ts';
import { openExternalTask, openUserTask } from './tasks.ts';
import { startHandler } from './trigger.ts';
import { evaluate } from './variables.ts';
import { openSubscriptions, openTimers } from './waits.ts';

/** A token comes to its element. */
export function enter(run: Run, node: Node): void {
  const element = elementOf(run, node);
  const { kind } = element.behavior;
  if (!node.passed && (kind === 'terminate' || kind === 'cancel-end')) {
    interruptScope(run, parentOf(run, node), node);
  }
  if (element.asyncBefore && !node.passed) {
    node.pending = 'before';
    openJob(run, node);
    return;
  }
  delete node.pending;
  delete node.flow;
  delete node.passed;
  node.since = run.context.now;
  openSubscriptions(run, node);
  runInputs(run, node);
  openTimers(run, node);
  askAboutChanges(run);
  if (!isAlive(run, node)) return;
  if (programOf(run, node).hasConditions && !askOnEntry(run, node)) return;
  execute(run, node, element.behavior);
}

/** A process instance begins. */
export function enterProcess(run: Run, node: Node, start: number): void {
  openSubscriptions(run, node);
  openTimers(run, node);
  if (programOf(run, node).hasConditions && !askOnEntry(run, node)) return;
  scheduleStart(run, node, start);
}

function execute(run: Run, node: Node, behavior: Behavior): void {
  switch (behavior.kind) {
    case 'process':
      throw new StepError('a process is started, not entered');
    case 'pass':
    case 'caught':
    case 'exclusive':
      leave(run, node);
      return;
    case 'wait':
      if (isConditionMet(run, node)) leave(run, node);
      return;
    case 'event-based':
      takeMetCondition(run, node);
      return;
    case 'external-task':
      openExternalTask(run, node, behavior);
      return;
    case 'user-task':
      openUserTask(run, node, behavior.task);
      return;
    case 'sub-process':
      scheduleEnter(run, { up: node.id, el: behavior.start, in: node.in });
      return;
    case 'call':
      call(run, node, behavior);
      return;
    case 'multi-instance':
      if (!beginLoop(run, node, behavior.loop)) leave(run, node);
      return;
    case 'parallel':
      if (joinParallel(run, node)) leaveBy(run, node, elementOf(run, node).outgoing);
      return;
    case 'inclusive':
      if (joinInclusive(run, node)) leaveBy(run, node, inclusiveFlows(run, node));
      return;
    case 'terminate':
      end(run, node);
      return;
    default:
      executeThrowing(run, node, behavior);
  }
}

type Throwing = Extract<
  Behavior,
  { kind: 'error-end' | 'escalation-throw' | 'signal-throw' | 'compensation-throw' | 'cancel-end' }
>;

function executeThrowing(run: Run, node: Node, behavior: Throwing): void {
  switch (behavior.kind) {
    case 'error-end': {
      const message = behavior.message && toText(evaluate(run, node, behavior.message));
      if (!throwError(run, node, behavior.code, message)) end(run, node);
      return;
    }
    case 'escalation-throw':
      if (!throwEscalation(run, node, behavior.code).interrupting && isAlive(run, node))
        leave(run, node);
      return;
    case 'signal-throw':
      throwSignal(run, node, behavior);
      return;
    case 'compensation-throw':
      compensate(run, node, behavior.activity);
      return;
    case 'cancel-end':
      if (behavior.boundary === null) {
        throw new StepError(
          `Could not find cancel boundary event for cancel end event ${elementOf(run, node).id}`,
        );
      }
      compensate(run, node, null);
  }
}

function compensate(run: Run, node: Node, activity: number | null): void {
  const undos = findUndos(run, node, activity);
  if (undos.length === 0) leave(run, node);
  else startUndo(run, node, undos);
}

function throwSignal(
  run: Run,
  node: Node,
  { name, payload, async }: Behavior & { kind: 'signal-throw' },
): void {
  const signal = toText(evaluate(run, node, name)) ?? '';
  const { variables } = passed(run, node, payload);
  const scope = parentOf(run, node);
  const isAlone = openChildren(run, scope).length === 1 && !elementOf(run, node).isScope;
  deliverSignal(run, signal, variables, async ? 'caught' : undefined);
  run.effects.push({ kind: 'signal', name: signal, variables, ...(async ? { async: true } : {}) });
  if (isAlive(run, node)) leave(run, node);
  else if (isAlone && isAlive(run, scope)) endInterrupted(run, scope, node);
}

/**
 * An event sub-process interrupts the scope that its signal is thrown in, while nothing else is open there. Camunda leaves
 * the event sub-process instead of the throwing event, before it has begun: the scope ends. (Seen on Operaton 1.0.3.)
 */
function endInterrupted(run: Run, scope: Node, thrown: Node): void {
  for (const token of openChildren(run, scope)) dropNode(run, token);
  endIn(run, scope, thrown);
}

function call(run: Run, node: Node, behavior: Behavior & { kind: 'call' }): void {
  const called = callProcess(run, node, behavior);
  enterProcess(run, called, programOf(run, called).initial as number);
}

/** Whether what an intermediate event waits for holds already. */
function isConditionMet(run: Run, node: Node): boolean {
  return elementOf(run, node).handlers.some(
    ({ element, definition }) =>
      element === node.el && definition.kind === 'conditional' && holds(run, node, definition),
  );
}

function takeMetCondition(run: Run, node: Node): void {
  const met = elementOf(run, node).handlers.find(
    ({ definition }) => definition.kind === 'conditional' && holds(run, node, definition),
  );
  if (met) startHandler(run, node, met);
}
