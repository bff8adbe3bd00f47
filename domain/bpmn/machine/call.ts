import { toNumber, toText } from '../expressions/results.ts';
import type { Behavior } from '../program/program.ts';
import { NULL, type Values } from '../values/value.ts';
import { passed } from './mappings.ts';
import {
  addNode,
  type CalledBy,
  elementOf,
  instanceOf,
  type Run,
  StepError,
  scheduleEnter,
} from './run.ts';
import type { Node } from './state.ts';
import { evaluate, setLocals } from './variables.ts';

type Call = Behavior & { kind: 'call' };

/**
 * Starts the process that a call activity calls.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/bpmn20/subprocesses/call-activity/
 */
export function callProcess(run: Run, node: Node, call: Call): Node {
  const { variables, businessKey } = passed(run, node, call.ins);
  return startInstance(run, {
    id: run.context.newId(),
    definition: definitionOf(run, node, call),
    businessKey,
    variables,
    call: node,
  });
}

function definitionOf(run: Run, node: Node, call: Call): string {
  const key = toText(evaluate(run, node, call.called));
  const found = key === null ? null : run.context.find(key, bindingOf(run, node, call));
  if (found !== null) return found;
  throw new StepError(`no processes deployed with key '${key}'`);
}

function bindingOf(run: Run, node: Node, { binding }: Call): CalledBy {
  switch (binding.kind) {
    case 'latest':
      return { kind: 'latest' };
    case 'deployment':
      return { kind: 'deployment', of: instanceOf(run, node).instance?.definition ?? '' };
    case 'version':
      return { kind: 'version', version: toNumber(evaluate(run, node, binding.version)) ?? 0 };
    case 'version-tag':
      return { kind: 'version-tag', tag: toText(evaluate(run, node, binding.tag)) ?? '' };
  }
}

interface NewInstance {
  readonly id: string;
  readonly definition: string;
  readonly businessKey: string | null;
  readonly variables: Values;
  /** The call activity; null: nothing calls it. */
  readonly call: Node | null;
}

/** Adds the node of a process instance; it is entered next. */
export function startInstance(run: Run, given: NewInstance, startEvent?: number): Node {
  const { call, id, definition, businessKey, variables } = given;
  const program = run.context.program(definition);
  const start = startEvent ?? program.initial;
  if (start === null) {
    throw new StepError(
      `process definition '${program.key}' has no default start activity; start it by a message or signal`,
    );
  }
  const node = addNode(run, {
    up: call?.id ?? null,
    el: 0,
    in: run.seq + 1,
    instance: { id, definition, businessKey },
    since: run.context.now,
  });
  run.effects.push({
    kind: 'instance-started',
    node: node.id,
    id,
    definition,
    businessKey,
    calledBy: call && {
      instance: instanceOf(run, call).instance?.id ?? '',
      activity: elementOf(run, call).id,
      node: call.id,
    },
  });
  // As Camunda does where nobody has signed in.
  if (program.initiator !== null) setLocals(run, node, { [program.initiator]: NULL });
  setLocals(run, node, variables);
  return node;
}

/** Where a process instance begins. */
export function scheduleStart(run: Run, node: Node, el: number): void {
  scheduleEnter(run, { up: node.id, el, in: node.id });
}
