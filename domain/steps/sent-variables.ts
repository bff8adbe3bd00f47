import { readTyped, UnreadableValueError, type Value } from '../bpmn/index.ts';
import type { EngineVariable } from '../engine/index.ts';

type SentVariables =
  | { kind: 'read'; values: Record<string, unknown> }
  | { kind: 'unreadable'; message: string };

const JAVA_FORMAT = 'application/x-java-serialized-object';

/**
 * The values of variables that a worker sends in Camunda's form: JSON is parsed, and a date is one.
 *
 * https://docs.camunda.org/manual/7.24/reference/rest/overview/variables/
 */
export function readSentVariables(sent: Record<string, EngineVariable>): SentVariables {
  const values: [string, unknown][] = [];
  for (const [name, variable] of Object.entries(sent)) {
    if (variable.valueInfo?.serializationDataFormat === JAVA_FORMAT) {
      const message = `variables.${name}: objects serialized by Java are not taken; send JSON`;
      return { kind: 'unreadable', message };
    }
    try {
      values.push([name, readValue(readTyped(name, variable))]);
    } catch (error) {
      if (!(error instanceof UnreadableValueError || error instanceof SyntaxError)) throw error;
      return { kind: 'unreadable', message: `variables.${name}: ${error.message}` };
    }
  }
  // By `fromEntries`, which takes a variable of the name `__proto__` for one.
  return { kind: 'read', values: Object.fromEntries(values) };
}

function readValue({ type, value }: Value): unknown {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'Json':
      return JSON.parse(String(value));
    case 'Date':
      return new Date(String(value));
    case 'Object':
      return typeof value === 'string' ? JSON.parse(value) : value;
    default:
      return value;
  }
}
