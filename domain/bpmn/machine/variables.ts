import type { Expression, Result, Scope } from '../expressions/expression.ts';
import type { Value, Values } from '../values/value.ts';
import {
  type Change,
  elementOf,
  instanceOf,
  programOf,
  type Run,
  StepError,
  setOwn,
} from './run.ts';
import type { Node } from './state.ts';

/*
 * Camunda's rules of where a variable is read and set: a name is looked up from the place where it is used outwards to the
 * process instance, and set where it is found, or in the process instance.
 * https://docs.camunda.org/manual/7.24/user-guide/process-engine/variables/#variable-scopes-and-variable-visibility
 */

/** The nodes whose variables are visible from a node, from the inside out. */
function* scopes(run: Run, from: Node): Generator<Node> {
  for (
    let node: Node | undefined = from;
    node;
    node = node.up === null ? undefined : run.nodes.get(node.up)
  ) {
    yield node;
    if (node.id === node.in) return;
  }
}

export function findVariable(run: Run, node: Node, name: string): Value | undefined {
  for (const { vars } of scopes(run, node)) {
    if (vars && Object.hasOwn(vars, name)) return vars[name];
  }
  return undefined;
}

/** All variables that are visible from a node. */
export function visibleVariables(run: Run, node: Node): Record<string, Value> {
  const found: Record<string, Value>[] = [];
  for (const { vars } of scopes(run, node)) if (vars) found.unshift(vars);
  return Object.assign({}, ...found);
}

export function setVariable(run: Run, node: Node, name: string, value: Value): void {
  for (const scope of scopes(run, node)) {
    if (!scope.vars || !Object.hasOwn(scope.vars, name)) continue;
    setLocal(run, scope, name, value);
    return;
  }
  setLocal(run, instanceOf(run, node), name, value);
}

export function setVariables(run: Run, node: Node, values: Values | undefined): void {
  for (const [name, value] of Object.entries(values ?? {})) setVariable(run, node, name, value);
}

export function setLocal(run: Run, node: Node, name: string, value: Value): void {
  const event = node.vars && Object.hasOwn(node.vars, name) ? 'update' : 'create';
  setOwn(node, name, value);
  noteChange(run, node, { node: node.id, name, event });
}

export function setLocals(run: Run, node: Node, values: Values | undefined): void {
  for (const [name, value] of Object.entries(values ?? {})) setLocal(run, node, name, value);
}

export function removeVariable(run: Run, node: Node, name: string, local: boolean): void {
  for (const scope of scopes(run, node)) {
    if (scope.vars && Object.hasOwn(scope.vars, name)) {
      const { [name]: _removed, ...rest } = scope.vars;
      scope.vars = rest;
      noteChange(run, scope, { node: scope.id, name, event: 'delete' });
      return;
    }
    if (local) return;
  }
}

function noteChange(run: Run, node: Node, change: Change): void {
  if (programOf(run, node).hasConditions) run.changes.push(change);
}

/** What an expression sees that stands at a node. */
export function scopeAt(run: Run, node: Node): Scope {
  return {
    variable: (name) => findVariable(run, node, name),
    get execution() {
      return executionOf(run, node);
    },
    now: run.context.now,
  };
}

function executionOf(run: Run, node: Node): Record<string, string | null> {
  const { instance } = instanceOf(run, node);
  const element = elementOf(run, node);
  return {
    id: String(node.id),
    processInstanceId: instance?.id ?? null,
    processBusinessKey: instance?.businessKey ?? null,
    businessKey: instance?.businessKey ?? null,
    processDefinitionId: instance?.definition ?? null,
    currentActivityId: element.id,
    currentActivityName: element.name,
  };
}

export function evaluate(run: Run, node: Node, expression: Expression): Result {
  return expression.evaluate(scopeAt(run, node));
}

/** The value of an expression that is no list. */
export function evaluateValue(run: Run, node: Node, expression: Expression): Value {
  const result = evaluate(run, node, expression);
  if ('items' in result) {
    throw new StepError(`The expression ${expression.text} gives a list, which no variable holds`);
  }
  return result;
}
