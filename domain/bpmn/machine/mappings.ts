import type { MappedValue, Passing } from '../program/program.ts';
import { JAVA_SERIALIZED, type JavaValue, serializeJava } from '../values/java-serialization.ts';
import { inferValue } from '../values/typed-values.ts';
import { NULL, type Value, type Values } from '../values/value.ts';
import { elementOf, parentOf, type Run } from './run.ts';
import type { Node } from './state.ts';
import {
  evaluateValue,
  findVariable,
  setLocal,
  setLocals,
  setVariable,
  setVariables,
  visibleVariables,
} from './variables.ts';

/** Sets the input parameters of an activity, in it. They are computed around it, and do not see one another. */
export function runInputs(run: Run, node: Node): void {
  const { inputs } = elementOf(run, node);
  const values = inputs.map(({ name, value }) => [name, mapped(run, node, value)] as const);
  for (const [name, value] of values) setLocal(run, node, name, value);
}

/** Sets the output parameters of an activity, around it; also when it is cancelled, as in Camunda. */
export function runOutputs(run: Run, node: Node): void {
  const { outputs } = elementOf(run, node);
  if (outputs.length === 0) return;
  const around = parentOf(run, node);
  for (const { name, value } of outputs) setVariable(run, around, name, mapped(run, node, value));
}

function mapped(run: Run, node: Node, value: MappedValue): Value {
  const made = collect(run, node, value);
  if ('list' in made) return collection(made, 'java.util.ArrayList');
  return 'map' in made ? collection(made, 'java.util.TreeMap') : made;
}

function collect(run: Run, node: Node, value: MappedValue): JavaValue {
  switch (value.kind) {
    case 'null':
      return NULL;
    case 'expression':
      return evaluateValue(run, node, value.expression);
    case 'list':
      return { list: value.items.map((item) => unfolded(collect(run, node, item))) };
    case 'map': {
      const entries = value.entries.map(([key, item]): [string, JavaValue] => [
        String(evaluateValue(run, node, key).value),
        unfolded(collect(run, node, item)),
      ]);
      return { map: new Map(entries) };
    }
  }
}

/** A list or map that an expression gives is one within another, and not the text of its JSON. */
function unfolded(made: JavaValue): JavaValue {
  if ('list' in made || 'map' in made || made.type !== 'Object') return made;
  const isJson = made.info?.serializationDataFormat === 'application/json';
  return isJson && typeof made.value === 'string' ? toJava(JSON.parse(made.value)) : made;
}

function toJava(json: unknown): JavaValue {
  if (Array.isArray(json)) return { list: json.map(toJava) };
  if (json === null || typeof json !== 'object') return inferValue(json);
  return { map: new Map(Object.entries(json).map(([key, value]) => [key, toJava(value)])) };
}

/** JSON for expressions and steps, and with it what Camunda's REST API shows of it. */
function collection(made: JavaValue, objectTypeName: string): Value {
  return {
    type: 'Object',
    value: JSON.stringify(plain(made)),
    info: {
      objectTypeName,
      serializationDataFormat: 'application/json',
      [JAVA_SERIALIZED]: serializeJava(made),
    },
  };
}

function plain(made: JavaValue): unknown {
  if ('list' in made) return made.list.map(plain);
  if ('map' in made)
    return Object.fromEntries([...made.map].map(([key, one]) => [key, plain(one)]));
  if (made.value === null) return null;
  switch (made.type) {
    case 'Json':
      return JSON.parse(String(made.value));
    case 'Date':
      return new Date(String(made.value)).toISOString();
    default:
      return made.value;
  }
}

export interface Passed {
  readonly variables: Record<string, Value>;
  readonly businessKey: string | null;
}

/**
 * What `camunda:in`, `camunda:out` or a signal's payload passes on, as seen from `node`.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/bpmn20/subprocesses/call-activity/
 */
export function passed(run: Run, node: Node, passings: readonly Passing[]): Passed {
  const variables: Record<string, Value> = {};
  let businessKey: string | null = null;
  for (const passing of passings) {
    switch (passing.kind) {
      case 'businessKey': {
        const { value } = evaluateValue(run, node, passing.source);
        businessKey = value === null ? null : String(value);
        break;
      }
      case 'all':
        Object.assign(variables, passing.local ? { ...node.vars } : visibleVariables(run, node));
        break;
      case 'variable':
        variables[passing.target] = source(run, node, passing) ?? NULL;
        break;
      case 'expression':
        variables[passing.target] = evaluateValue(run, node, passing.source);
        break;
    }
  }
  return { variables, businessKey };
}

function source(
  run: Run,
  node: Node,
  { source: name, local }: Passing & { kind: 'variable' },
): Value | undefined {
  return local ? node.vars?.[name] : findVariable(run, node, name);
}

/** The variables of a loop stay with it. */
const LOOP_VARIABLES = ['nrOfInstances', 'nrOfActiveInstances', 'nrOfCompletedInstances'];

/** Passes what a called instance has at its end, or at an error, to the call activity. */
export function passOutputs(run: Run, called: Node, call: Node, outs: readonly Passing[]): void {
  const isLocal = (passing: Passing): boolean => 'local' in passing && passing.local;
  const { variables } = passed(
    run,
    called,
    outs.filter((out) => !isLocal(out)),
  );
  for (const name of LOOP_VARIABLES) delete variables[name];
  setVariables(run, call, variables);
  const locals: Values = passed(run, called, outs.filter(isLocal).map(fromAnywhere)).variables;
  setLocals(run, call, locals);
}

/** `local` of a `camunda:out` says where the variable is set. */
function fromAnywhere(passing: Passing): Passing {
  return 'local' in passing ? { ...passing, local: false } : passing;
}
