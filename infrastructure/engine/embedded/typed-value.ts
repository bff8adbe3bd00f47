import type { EngineVariable } from '../../../domain/ports.ts';

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

const CHECKS: Record<string, (value: unknown) => boolean> = {
  String: (value) => typeof value === 'string',
  Boolean: (value) => typeof value === 'boolean',
  Short: (value) => isInteger(value, 15),
  Integer: (value) => isInteger(value, 31),
  Long: (value) => isInteger(value, 63),
  Double: (value) => typeof value === 'number',
  Date: (value) => typeof value === 'string' && DATE.test(value),
  Json: (value) => typeof value === 'string' && isJson(value),
  Null: (value) => value === null || value === undefined,
};

/**
 * Reads a variable of a request; the type may be in any case or missing, as Camunda takes it
 * (https://docs.camunda.org/manual/7.24/reference/rest/overview/variables/).
 *
 * @throws BadRequest naming the variable
 */
export function readTyped(name: string, variable: EngineVariable): TypedValue {
  const given = variable.type ? capitalised(variable.type) : inferType(variable.value);
  const check = CHECKS[given];
  if (!check) {
    throw new BadRequest(
      `Cannot set variable ${name}: the embedded engine has no values of type '${variable.type}'`,
    );
  }
  const value = variable.value ?? null;
  if (value !== null && !check(value)) {
    throw new BadRequest(`Cannot set variable ${name}: the value does not fit type '${given}'`);
  }
  return { type: given, value };
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
 * the real engines, so there is none here.
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
  if (typeof value !== type) throw new Error(`the JSON value is no ${type}`);
  return value;
}

function inferType(value: unknown): string {
  if (value === null || value === undefined) return 'Null';
  if (typeof value === 'boolean') return 'Boolean';
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return 'Double';
    return isInteger(value, 31) ? 'Integer' : 'Long';
  }
  return typeof value === 'string' ? 'String' : 'Object';
}

function isInteger(value: unknown, bits: number): boolean {
  const limit = 2 ** bits;
  return typeof value === 'number' && Number.isInteger(value) && value >= -limit && value < limit;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function capitalised(type: string): string {
  return type.charAt(0).toUpperCase() + type.slice(1);
}
