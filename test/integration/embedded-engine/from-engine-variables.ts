import type { EngineVariable, EngineVariables } from '../../../domain/engine/engine-variables.ts';

/** The values as JavaScript has them, to compare: Json parsed, Date as Date. */
export function fromEngineVariables(variables: EngineVariables): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [name, plain(variable)]),
  );
}

function plain({ type, value }: EngineVariable): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'Json') return JSON.parse(String(value));
  return type === 'Date' ? new Date(String(value)) : value;
}
