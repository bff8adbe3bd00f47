import type { Values } from '../../domain/bpmn/index.ts';
import { toEngineVariables, type VariableValue } from '../../domain/engine/index.ts';
import { readTaskVariable } from '../worker/object-variables.ts';
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
    Object.entries(values).map(([name, { type, value, info }]) => [
      name,
      readTaskVariable(type, value, info),
    ]),
  );
}
