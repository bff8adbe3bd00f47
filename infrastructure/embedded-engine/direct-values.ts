import type { Value, Values } from '../../domain/bpmn/index.ts';
import { toEngineVariables, type VariableValue } from '../../domain/engine/index.ts';
import { readObjectVariable } from '../worker/object-variables.ts';
import { readTyped } from './typed-value.ts';

/** Variables of the service as the engine keeps them, in the same types as a real engine gets them. */
export function toValues(given: Record<string, VariableValue>): Values {
  const variables = Object.entries(toEngineVariables(given));
  return Object.fromEntries(
    variables.map(([name, { type, value }]) => [
      name,
      readTyped(name, { type, value: json(value) }),
    ]),
  );
}

/** What JSON makes of a value: it has no number that is not finite. */
function json(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

/** Variables of the engine as a step sees them. */
export function fromValues(values: Values): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, fromValue(value)]),
  );
}

/** As the tasks of a real engine have them. */
function fromValue({ type, value, info }: Value): unknown {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'Json':
      return JSON.parse(String(value));
    case 'Date':
      return new Date(String(value));
    case 'Object':
      return readObjectVariable({ ...info, value });
    default:
      return value;
  }
}
