import type { EngineVariable } from '../../domain/engine/index.ts';

/** A variable as the engine keeps it: `type` spelled as Camunda spells it. */
export interface TypedValue {
  type: string;
  value: unknown;
}

/** The call is wrong; becomes the given HTTP status with Camunda's exception type. */
export class BadRequest extends Error {
  constructor(
    message: string,
    readonly status = 400,
    readonly type = 'InvalidRequestException',
  ) {
    super(message);
  }
}

const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}[+-]\d{4}$/;

/** Reads a value of a type; undefined when it does not fit. */
type Reader = (value: unknown) => unknown;

const BOOLEANS: Record<string, boolean> = {
  true: true,
  True: true,
  TRUE: true,
  false: false,
  False: false,
  FALSE: false,
};

/**
 * As Camunda reads them: a value of another type is taken for what its text says, so 5 is a String "5"
 * and "5" an Integer 5; an empty text is no number, no date and no truth, but nothing. Json is not
 * looked into before somebody does.
 */
const READERS: Record<string, Reader> = {
  String: (value) => (typeof value === 'object' ? undefined : String(value)),
  Boolean: orNothing((value) => BOOLEANS[String(value)]),
  Short: orNothing(integer(15)),
  Integer: orNothing(integer(31)),
  Long: orNothing(integer(63)),
  Double: orNothing(number),
  Date: orNothing(date),
  Json: (value) => (typeof value === 'string' ? value : undefined),
  Null: () => undefined,
};

/**
 * Reads a variable of a request; the type may be in any case or missing, as Camunda takes it
 * (https://docs.camunda.org/manual/7.24/reference/rest/overview/variables/).
 *
 * @throws BadRequest naming the variable
 */
export function readTyped(name: string, variable: EngineVariable): TypedValue {
  const type = variable.type ? capitalised(variable.type) : inferType(variable.value);
  const read = READERS[type];
  if (!read) {
    throw new BadRequest(
      `Cannot set variable ${name}: the embedded engine has no values of type '${type}'`,
    );
  }
  if (variable.value === null || variable.value === undefined) return { type, value: null };
  const value = read(variable.value);
  if (value === undefined) {
    throw new BadRequest(`Cannot set variable ${name}: the value does not fit type '${type}'`);
  }
  return { type, value };
}

/** As Camunda answers. */
export function writeTyped({ type, value }: TypedValue): EngineVariable {
  return { type, value, valueInfo: {} };
}

/** The value as expressions see it. */
export function plainValue({ type, value }: TypedValue): unknown {
  if (value === null) return null;
  if (type === 'Json') return new JsonNode(JSON.parse(String(value)));
  if (type === 'Date') return new Date(String(value));
  return value;
}

/**
 * A Json variable in an expression, with the methods of Camunda Spin's node that conditions use
 * (https://docs.camunda.org/manual/7.24/reference/spin/json/). There is no plain property access in
 * the real engines, so this class has no such access either.
 */
export class JsonNode {
  readonly #value: unknown;
  constructor(value: unknown) {
    this.#value = value;
  }
  prop(name: string): JsonNode {
    if (!this.hasProp(name)) throw new Error(`the JSON has no property '${name}'`);
    return new JsonNode((this.#value as Record<string, unknown>)[name]);
  }
  hasProp(name: string): boolean {
    return (
      typeof this.#value === 'object' && this.#value !== null && Object.hasOwn(this.#value, name)
    );
  }
  isNull(): boolean {
    return this.#value === null;
  }
  is(type: 'object' | 'array' | 'string' | 'number' | 'boolean'): boolean {
    if (type === 'array') return Array.isArray(this.#value);
    const isPlain = this.#value !== null && !Array.isArray(this.#value);
    return isPlain && typeof this.#value === type;
  }
  value(): unknown {
    return this.#value;
  }
  stringValue(): string {
    return expectType(this.#value, 'string') as string;
  }
  numberValue(): number {
    return expectType(this.#value, 'number') as number;
  }
  boolValue(): boolean {
    return expectType(this.#value, 'boolean') as boolean;
  }
}

function expectType(value: unknown, type: string): unknown {
  if (typeof value !== type) throw new Error(`the JSON value is not of type ${type}`);
  return value;
}

function inferType(value: unknown): string {
  if (value === null || value === undefined) return 'Null';
  if (typeof value === 'boolean') return 'Boolean';
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return 'Double';
    return integer(31)(value) === undefined ? 'Long' : 'Integer';
  }
  return typeof value === 'string' ? 'String' : 'Object';
}

function orNothing(read: Reader): Reader {
  return (value) => (value === '' ? null : read(value));
}

function number(value: unknown): number | undefined {
  const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

function integer(bits: number): Reader {
  const limit = 2 ** bits;
  return (value) => {
    if (typeof value === 'string' && !/^[+-]?\d+$/.test(value)) return undefined;
    const found = number(value);
    const fits = Number.isInteger(found) && Number(found) >= -limit && Number(found) < limit;
    return fits ? found : undefined;
  };
}

function date(value: unknown): string | undefined {
  if (typeof value !== 'string' || !DATE.test(value)) return undefined;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString().replace('Z', '+0000');
}

function capitalised(type: string): string {
  return type.charAt(0).toUpperCase() + type.slice(1);
}
