import { readTyped, type Value, type Values } from '../../../domain/bpmn/index.ts';

/** Variables as JavaScript has them. A list is a Java list, as Camunda keeps it. */
export type Plain = Readonly<Record<string, unknown>>;

export function valuesOf(variables: Plain): Values {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, valueFor(name, value)]),
  );
}

function valueFor(name: string, value: unknown): Value {
  if (!Array.isArray(value)) return readTyped(name, { value });
  return {
    type: 'Object',
    value: JSON.stringify(value),
    info: { objectTypeName: 'java.util.ArrayList', serializationDataFormat: 'application/json' },
  };
}

export function plainOf(values: Values): Plain {
  return Object.fromEntries(
    Object.entries(values).map(([name, { type, value }]) => [
      name,
      (type === 'Object' || type === 'Json') && typeof value === 'string'
        ? JSON.parse(value)
        : value,
    ]),
  );
}

/** What is given with an input, as the machine takes it. */
export function given({ variables = {}, locals = {} }: { variables?: Plain; locals?: Plain }): {
  variables: Values;
  locals: Values;
} {
  return { variables: valuesOf(variables), locals: valuesOf(locals) };
}
