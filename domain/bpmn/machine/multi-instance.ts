import { toBoolean, toList } from '../expressions/results.ts';
import type { MultiInstance } from '../program/program.ts';
import { integerValue, NULL, type Value } from '../values/value.ts';
import { cancelNode } from './close.ts';
import { elementOf, openChildren, type Run, StepError, scheduleEnter } from './run.ts';
import type { Node } from './state.ts';
import { evaluate, findVariable, setLocal } from './variables.ts';

/*
 * Loops as Camunda runs them: a body around the instances, with the variables nrOfInstances, nrOfActiveInstances and
 * nrOfCompletedInstances, and loopCounter and the element in each instance.
 * https://docs.camunda.org/manual/7.24/reference/bpmn20/tasks/task-markers/#multiple-instance
 */

/** Begins the instances. @returns false when there are not any to begin */
export function beginLoop(run: Run, body: Node, loop: MultiInstance): boolean {
  const amount = amountOf(run, body, loop);
  if (amount === 0) return false;
  if (amount < 0) {
    throw new StepError(
      `Invalid number of instances: must be non-negative integer value but was ${amount}`,
    );
  }
  setLocal(run, body, 'nrOfInstances', integerValue(amount));
  setLocal(run, body, 'nrOfCompletedInstances', integerValue(0));
  setLocal(run, body, 'nrOfActiveInstances', integerValue(loop.sequential ? 1 : amount));
  if (loop.sequential) {
    next(run, body, loop, 0);
    return true;
  }
  const items = itemsOf(run, body, loop);
  const began = run.agenda.length;
  for (let at = 0; at < amount; at++) beginInstance(run, body, loop, at, items);
  // The first is begun first.
  run.agenda.push(...run.agenda.splice(began).reverse());
  return true;
}

function beginInstance(
  run: Run,
  body: Node,
  { inner, elementVariable }: MultiInstance,
  at: number,
  items: readonly Value[] | null,
): void {
  const vars: Record<string, Value> = { loopCounter: integerValue(at) };
  if (items && elementVariable) vars[elementVariable] = items[at] ?? NULL;
  scheduleEnter(run, { up: body.id, el: inner, in: body.in, vars });
}

function next(run: Run, body: Node, loop: MultiInstance, at: number): void {
  setLocal(run, body, 'loopCounter', integerValue(at));
  const items = itemsOf(run, body, loop);
  if (items && loop.elementVariable) setLocal(run, body, loop.elementVariable, items[at] ?? NULL);
  scheduleEnter(run, { up: body.id, el: loop.inner, in: body.in });
}

/**
 * Counts an instance that has ended, and begins the next one of a sequential loop.
 *
 * @param ended the node of the instance, which is not in the tree any more
 * @returns true when the loop is over; what still ran in it is cancelled
 */
export function endInstance(run: Run, body: Node, ended: Node): boolean {
  const { behavior } = elementOf(run, body);
  if (behavior.kind !== 'multi-instance') throw new StepError(`execution ${body.id} is no loop`);
  const { loop } = behavior;
  const completed = count(body, 'nrOfCompletedInstances') + 1;
  setLocal(run, body, 'nrOfCompletedInstances', integerValue(completed));
  if (loop.sequential) {
    const at = count(body, 'loopCounter') + 1;
    if (at === count(body, 'nrOfInstances') || isComplete(run, body, loop)) {
      for (const child of openChildren(run, body)) cancelNode(run, child);
      return true;
    }
    next(run, body, loop, at);
    return false;
  }
  const active = count(body, 'nrOfActiveInstances') - 1;
  setLocal(run, body, 'nrOfActiveInstances', integerValue(active));
  const continues =
    active > 0 || openChildren(run, body).some((child) => child !== ended && !child.ended);
  if (!isComplete(run, body, loop, ended) && continues) return false;
  for (const child of openChildren(run, body)) cancelNode(run, child);
  return true;
}

function count({ vars }: Node, name: string): number {
  return Number(vars?.[name]?.value ?? 0);
}

/** @param ended of a parallel loop: the condition sees its loopCounter and element */
function isComplete(run: Run, body: Node, { completion }: MultiInstance, ended?: Node): boolean {
  if (!completion) return false;
  const own = ended?.vars ?? {};
  return toBoolean(
    completion.evaluate({
      variable: (name) => (Object.hasOwn(own, name) ? own[name] : findVariable(run, body, name)),
      execution: {},
      now: run.context.now,
    }),
  );
}

function amountOf(run: Run, body: Node, loop: MultiInstance): number {
  if (loop.cardinality) return cardinality(run, body, loop.cardinality);
  return (collectionOf(run, body, loop) ?? []).length;
}

function cardinality(
  run: Run,
  body: Node,
  expression: NonNullable<MultiInstance['cardinality']>,
): number {
  const result = evaluate(run, body, expression);
  const value = 'items' in result ? null : result.value;
  const number =
    typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  if (Number.isNaN(number) || value === '') {
    throw new StepError(
      `Could not resolve loopCardinality expression '${expression.text}': not a number nor number String`,
    );
  }
  return Math.trunc(number);
}

function itemsOf(run: Run, body: Node, loop: MultiInstance): readonly Value[] | null {
  return loop.collection && loop.elementVariable ? collectionOf(run, body, loop) : null;
}

function collectionOf(
  run: Run,
  body: Node,
  { collection }: MultiInstance,
): readonly Value[] | null {
  if (!collection) return null;
  if ('expression' in collection) {
    const items = toList(evaluate(run, body, collection.expression));
    if (items) return items;
    throw new StepError(
      `Expression '${collection.expression.text}' didn't resolve to type 'Collection'`,
    );
  }
  const items = toList(findVariable(run, body, collection.variable) ?? NULL);
  if (items) return items;
  throw new StepError(`Variable '${collection.variable}' is not from type 'Collection'`);
}
