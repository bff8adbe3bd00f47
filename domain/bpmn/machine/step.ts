import type { Values } from '../values/value.ts';
import { startInstance } from './call.ts';
import { cancelNode } from './close.ts';
import { askAboutChanges } from './conditions.ts';
import type { Effect } from './effects.ts';
import { enter, enterProcess } from './enter.ts';
import type { Input } from './inputs.ts';
import { endPending, leave } from './leave.ts';
import {
  beginRun,
  type Context,
  closeWait,
  flowAt,
  nodeAt,
  openChildren,
  programOf,
  type Run,
  StepError,
  stateOf,
} from './run.ts';
import { deliver, receiveSignal, take, waitingFor } from './signals.ts';
import type { Node, NodeId, State } from './state.ts';
import { takeAtNode } from './task-inputs.ts';
import { removeVariable, setLocals, setVariables } from './variables.ts';

export interface Step {
  /** Empty of nodes when the instance has ended. */
  readonly state: State;
  readonly effects: readonly Effect[];
}

export interface NewInstance {
  readonly id: string;
  readonly businessKey: string | null;
  readonly variables: Values;
  /** The start event that begins it; left out: the one for a start by key. */
  readonly startEvent?: number;
}

/** Operations in one step; more is a loop without an end. */
const MAX_OPERATIONS = 1_000_000;

/**
 * Starts an instance of a process.
 *
 * @throws StepError, ExpressionError: nothing has happened
 */
export function start(context: Context, definition: string, given: NewInstance): Step {
  const run = beginStep(context);
  const { startEvent } = given;
  const node = startInstance(run, { ...given, definition, call: null }, startEvent);
  enterProcess(run, node, startEvent ?? (programOf(run, node).initial as number));
  return finishStep(run);
}

/**
 * What becomes of an instance by an input. The state that is given is not changed.
 *
 * @throws StepError, ExpressionError: nothing has happened
 */
export function step(context: Context, state: State, input: Input): Step {
  const run = beginRun(context, state);
  begin(run, input);
  return finishStep(run);
}

function begin(run: Run, input: Input): void {
  switch (input.kind) {
    case 'wait':
      takeWait(run, input);
      return;
    case 'signal':
      takeSignal(run, input);
      return;
    case 'cancel':
      cancelInstance(run, input.node);
      return;
    case 'set-variables':
      setOrRemove(run, input);
      return;
    default:
      takeAtNode(run, openNode(run, input.node), input);
  }
}

function openNode(run: Run, id: NodeId): Node {
  const node = nodeAt(run, id);
  if (node.pending !== undefined || node.kept)
    throw new StepError(`execution ${id} has entered no activity`);
  return node;
}

function takeWait(run: Run, { id, variables, locals }: Input & { kind: 'wait' }): void {
  const wait = run.waits.get(id);
  if (!wait) throw new StepError(`nothing is awaited under ${id}`);
  if (wait.kind !== 'job') {
    take(run, wait, variables, locals);
    return;
  }
  closeWait(run, wait);
  if (wait.delivers) {
    deliver(run, wait.delivers);
    return;
  }
  const node = nodeAt(run, wait.node);
  if (node.pending === 'before') {
    node.passed = true;
  } else if (node.flow === undefined) {
    endPending(run, node);
    return;
  } else {
    node.el = flowAt(programOf(run, node), node.flow).target;
  }
  node.pending = 'enter';
  run.agenda.push({ kind: 'enter', node: node.id });
}

/** Each that waits for the signal continues until it waits again, before the next one gets the signal. */
function takeSignal(run: Run, { name, variables, waits, byJob }: Input & { kind: 'signal' }): void {
  for (const wait of waitingFor(run, name)) {
    if (waits && !waits.includes(wait.id)) continue;
    receiveSignal(run, wait, variables, byJob);
    work(run);
  }
}

function setOrRemove(
  run: Run,
  { node: id, variables, removed, local }: Input & { kind: 'set-variables' },
): void {
  const node = nodeAt(run, id);
  if (local) setLocals(run, node, variables);
  else setVariables(run, node, variables);
  for (const name of removed ?? []) removeVariable(run, node, name, local);
}

/** What is around a called instance that is cancelled goes with it as far as nothing else is in it. */
function cancelInstance(run: Run, id: NodeId | undefined): void {
  const [root] = run.nodes.values();
  let node = id === undefined ? root : nodeAt(run, id);
  while (node && node.up !== null && openChildren(run, nodeAt(run, node.up)).length === 1) {
    node = nodeAt(run, node.up);
  }
  if (node) cancelNode(run, node);
}

/** A step from nothing. */
export function beginStep(context: Context): Run {
  return beginRun(context, { seq: 0, nodes: [], waits: [] });
}

/** Does what is to be done until everything waits. */
export function finishStep(run: Run): Step {
  work(run);
  return { state: stateOf(run), effects: run.effects };
}

function work(run: Run): void {
  for (let done = 0; ; done++) {
    if (run.agenda.length === 0) askAboutChanges(run);
    const next = run.agenda.pop();
    if (!next) return;
    if (done > MAX_OPERATIONS)
      throw new StepError('the process goes round without an end: no activity in it waits');
    const node = run.nodes.get(next.node);
    // Something before it may have cancelled it.
    if (!node) continue;
    if (next.kind === 'enter') enter(run, node);
    else leave(run, node);
  }
}
