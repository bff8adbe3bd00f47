import type { Element, ElementIndex } from '../program/program.ts';
import { startInstance } from './call.ts';
import {
  addNode,
  type Context,
  closeWait,
  elementOf,
  nodeAt,
  programOf,
  type Run,
  StepError,
  scheduleEnter,
} from './run.ts';
import type { Node } from './state.ts';
import { beginStep, finishStep, type NewInstance, type Step } from './step.ts';
import { openSubscriptions, openTimers } from './waits.ts';

/** Where the tokens of an instance stand, by the ids of the model's activities. */
export interface Placement {
  /** Those that wait: tasks, catch events, event-based gateways; each once. */
  readonly waiting: readonly string[];
  /** Those that a token has come to and not entered: a join as often as tokens wait there. */
  readonly arriving: readonly string[];
  /** When waiting activities, and the sub-processes around them, began. */
  readonly since: ReadonlyMap<string, number>;
  /** When timers are due, by their events. One that is not here and belongs to a waiting activity has fired. */
  readonly timers: ReadonlyMap<string, number>;
}

/**
 * Makes an instance whose tokens stand at given activities, as another engine had it: they are entered now, and the
 * scopes around them are open.
 *
 * @throws StepError for an activity that the process does not have, or one in a loop, whose number cannot be known
 */
export function placeTokens(
  context: Context,
  definition: string,
  given: NewInstance,
  { waiting, arriving, since, timers }: Placement,
): Step {
  const run = beginStep(context);
  const instance = startInstance(run, { ...given, definition, call: null });
  openWaits(run, instance);
  const scopes = new Map<ElementIndex, Node>([[0, instance]]);
  const locate = (id: string): Location => {
    const element = elementAt(run, instance, id);
    return { element, scope: openScope(run, instance, scopes, element.parent) };
  };
  const entered = waiting.map(locate);
  const comes = arriving.map(locate);
  for (const { scope, element } of entered.toReversed()) {
    scheduleEnter(run, { up: scope.id, el: element.index, in: instance.id, passed: true });
  }
  finishStep(run);
  setTimes(run, since);
  setTimers(run, timers);
  for (const { scope, element } of comes.toReversed()) {
    scheduleEnter(run, { up: scope.id, el: element.index, in: instance.id });
  }
  return finishStep(run);
}

interface Location {
  readonly element: Element;
  readonly scope: Node;
}

function elementAt(run: Run, instance: Node, id: string): Element {
  const program = programOf(run, instance);
  const el = program.byId.get(id);
  const element = el === undefined ? undefined : program.elements[el];
  if (!element) throw new StepError(`the process ${program.key} has no activity "${id}"`);
  return element;
}

function openScope(
  run: Run,
  instance: Node,
  scopes: Map<ElementIndex, Node>,
  el: ElementIndex,
): Node {
  const known = scopes.get(el);
  if (known) return known;
  const element = programOf(run, instance).elements[el];
  if (element?.behavior.kind !== 'sub-process') {
    throw new StepError(`"${element?.id}" is no sub-process that a token can be placed in`);
  }
  const around = openScope(run, instance, scopes, element.parent);
  const node = addNode(run, { up: around.id, el, in: instance.id, since: run.context.now });
  openWaits(run, node);
  scopes.set(el, node);
  return node;
}

function openWaits(run: Run, node: Node): void {
  openSubscriptions(run, node);
  openTimers(run, node);
}

function setTimes(run: Run, since: ReadonlyMap<string, number>): void {
  for (const node of run.nodes.values()) {
    const began = node.instance ? undefined : since.get(elementOf(run, node).id);
    if (began !== undefined) node.since = began;
  }
}

function setTimers(run: Run, timers: ReadonlyMap<string, number>): void {
  for (const wait of [...run.waits.values()]) {
    if (wait.kind !== 'timer') continue;
    const node = nodeAt(run, wait.node);
    const event = elementOf(run, node).handlers[wait.handler]?.event;
    const id = event === undefined ? undefined : programOf(run, node).elements[event]?.id;
    const due = id === undefined ? undefined : timers.get(id);
    if (due === undefined) closeWait(run, wait);
    else wait.due = due;
  }
}
