import type { Json } from '../common/index.ts';

/*
 * Variables in Camunda's REST form
 * (https://docs.camunda.org/manual/7.24/reference/rest/overview/variables/).
 */

/** A value of a variable: JSON, or a date. Undefined: it is left out. */
export type VariableValue = Json | Date | undefined;

/** A process variable as Camunda's REST API writes it. */
export interface EngineVariable {
  value: unknown;
  type?: string;
  valueInfo?: Record<string, unknown>;
}
export type EngineVariables = Record<string, EngineVariable>;

/**
 * The longest text that a String variable may hold, in UTF-16 units: the column for it is VARCHAR(4000), and a
 * longer one fails with an exception of the engine's database.
 */
const MAX_STRING = 4_000;

/**
 * Types each value: Integer within 32 bits, else Long; objects and lists are Json, and so is a text too long
 * for a String: a worker reads the same text of both.
 */
export function toEngineVariables(values: Record<string, VariableValue>): EngineVariables {
  const variables: EngineVariables = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) variables[name] = toEngineVariable(value);
  }
  return variables;
}

function toEngineVariable(value: Json | Date): EngineVariable {
  if (value === null) return { type: 'Null', value };
  if (value instanceof Date) {
    return { type: 'Date', value: value.toISOString().replace('Z', '+0000') };
  }
  switch (typeof value) {
    case 'string':
      return value.length > MAX_STRING
        ? { type: 'Json', value: JSON.stringify(value) }
        : { type: 'String', value };
    case 'boolean':
      return { type: 'Boolean', value };
    case 'number':
      return { type: numberType(value), value };
    default:
      return { type: 'Json', value: JSON.stringify(value) };
  }
}

function numberType(value: number): string {
  if (!Number.isSafeInteger(value)) return 'Double';
  return value >= -(2 ** 31) && value < 2 ** 31 ? 'Integer' : 'Long';
}
