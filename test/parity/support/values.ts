import type { Timers, Variable } from './model.ts';
import type { Randomness } from './randomness.ts';

export interface TypedValue {
  type: string;
  value: unknown;
}
export type Values = Record<string, TypedValue>;

/** A value for a variable that a model reads: near what the model compares it with. */
export function draw(variable: Variable, random: Randomness, timers: Timers): TypedValue {
  const { kind, literals } = variable;
  switch (kind) {
    case 'bool':
      return { type: 'Boolean', value: random.next() < 0.5 };
    case 'list':
      return { type: 'Json', value: '["one","two"]' };
    case 'timer':
      return { type: 'String', value: timerValue(String(literals[0]), timers) };
    case 'int': {
      const numbers = literals.filter((one) => typeof one === 'number');
      const near = numbers.flatMap((one) => [one, one, one + 1, one - 1]);
      return {
        type: 'Integer',
        value: Math.trunc(random.pick(near.length > 0 ? near : [1, 2, 3])),
      };
    }
    case 'str': {
      const texts = literals.map(String);
      return {
        type: 'String',
        value: texts.length > 0 ? random.pick([...texts, 'other']) : 'text',
      };
    }
    default:
      return kind satisfies never;
  }
}

function timerValue(kind: string, timers: Timers): string {
  const fires = timers === 'fire';
  if (kind === 'timeDate') return fires ? '2001-01-01T00:00:00' : '2099-01-01T00:00:00';
  if (kind === 'timeCycle') return fires ? 'R2/PT1S' : 'R2/P100D';
  return fires ? 'PT1S' : 'P100D';
}

/** A variable in one line, the same for values that Camunda holds equal. */
export function write(name: string, { type, value }: TypedValue): string {
  const isJson = type === 'Json' || type === 'Object';
  let shown = value;
  if (isJson && typeof value === 'string') {
    try {
      shown = JSON.parse(value);
    } catch {
      // Serialized by Java: compared as it is.
    }
  }
  if (type === 'Date' && typeof value === 'string') shown = new Date(value).getTime();
  return `${name}=${type}:${JSON.stringify(shown)}`;
}

export const writeAll = (values: Values): string =>
  Object.entries(values)
    .map(([name, value]) => write(name, value))
    .join(' ');
