import { DateTime, type DurationUnit } from 'luxon';
import type { Value } from '../values/value.ts';
import { asDouble, asInt, asLong, asText } from './coerce.ts';
import { ExpressionError } from './expression.ts';
import {
  booleanValue,
  dateValue,
  isNull,
  isValue,
  JavaList,
  JodaTime as Joda,
  type JodaTime,
  longValue,
  type Operand,
  stringValue,
  timeOf,
} from './operands.ts';
import { compare, javaEquals } from './operators.ts';

/** A method by how many arguments it takes; the subject comes first. */
export interface Method<Subject> {
  readonly arity: readonly number[];
  call(subject: Subject, ...given: Operand[]): Operand;
}

function method<Subject>(
  arity: number | readonly number[],
  call: Method<Subject>['call'],
): Method<Subject> {
  return { arity: typeof arity === 'number' ? [arity] : arity, call };
}

/** An argument that is a text, where Java takes no null. */
function text(operand: Operand | undefined): string {
  if (operand === undefined || isNull(operand)) throw new ExpressionError('the argument is null');
  return asText(operand);
}

/** The methods of every object. */
export const OBJECT_METHODS: Readonly<Record<string, Method<Operand>>> = {
  equals: method(1, (subject: Operand, other) =>
    booleanValue(other !== undefined && javaEquals(subject, other)),
  ),
  toString: method(0, (subject: Operand) => stringValue(asText(subject))),
  compareTo: method(1, (subject: Operand, other) => {
    if (other === undefined || isNull(other)) throw new ExpressionError('the argument is null');
    return { type: 'Integer', value: Math.sign(compare(subject, other)) };
  }),
};

const integer = (value: number): Value => ({ type: 'Integer', value });
const string = (call: (subject: string, ...given: Operand[]) => Operand): Method<Value>['call'] => {
  return (subject, ...given) => call(String(subject.value), ...given);
};

/** Of `java.lang.String`. */
export const STRING_METHODS: Readonly<Record<string, Method<Value>>> = {
  equalsIgnoreCase: method(
    1,
    string((it, other) => booleanValue(sameIgnoringCase(it, other))),
  ),
  contains: method(
    1,
    string((it, part) => booleanValue(it.includes(text(part)))),
  ),
  startsWith: method(
    [1, 2],
    string((it, part, from) => booleanValue(it.startsWith(text(part), offset(from)))),
  ),
  endsWith: method(
    1,
    string((it, part) => booleanValue(it.endsWith(text(part)))),
  ),
  matches: method(
    1,
    string((it, pattern) => booleanValue(regExp(`^(?:${text(pattern)})$`, 'u').test(it))),
  ),
  isEmpty: method(
    0,
    string((it) => booleanValue(it === '')),
  ),
  isBlank: method(
    0,
    string((it) => booleanValue(it.trim() === '')),
  ),
  indexOf: method(
    [1, 2],
    string((it, part, from) => integer(it.indexOf(text(part), offset(from)))),
  ),
  lastIndexOf: method(
    1,
    string((it, part) => integer(it.lastIndexOf(text(part)))),
  ),
  length: method(
    0,
    string((it) => integer(it.length)),
  ),
  charAt: method(
    1,
    string((it, at) => stringValue(substring(it, index(at), index(at) + 1))),
  ),
  substring: method(
    [1, 2],
    string((it, from, to) => stringValue(substring(it, index(from), to ? asInt(to) : it.length))),
  ),
  concat: method(
    1,
    string((it, other) => stringValue(it + text(other))),
  ),
  replace: method(
    2,
    string((it, part, by) => stringValue(it.replaceAll(text(part), () => text(by)))),
  ),
  replaceAll: method(
    2,
    string((it, part, by) => stringValue(it.replace(regExp(text(part), 'gu'), text(by)))),
  ),
  replaceFirst: method(
    2,
    string((it, part, by) => stringValue(it.replace(regExp(text(part), 'u'), text(by)))),
  ),
  split: method(
    1,
    string((it, by) => split(it, text(by))),
  ),
  toLowerCase: method(
    0,
    string((it) => stringValue(it.toLowerCase())),
  ),
  toUpperCase: method(
    0,
    string((it) => stringValue(it.toUpperCase())),
  ),
  trim: method(
    0,
    string((it) => stringValue(it.trim())),
  ),
  strip: method(
    0,
    string((it) => stringValue(it.trim())),
  ),
};

function sameIgnoringCase(subject: string, other: Operand | undefined): boolean {
  if (other === undefined || isNull(other)) return false;
  return subject.toLowerCase() === asText(other).toLowerCase();
}

function index(operand: Operand | undefined): number {
  return operand ? asInt(operand) : 0;
}

function offset(operand: Operand | undefined): number | undefined {
  return operand && asInt(operand);
}

/** @throws ExpressionError where Java has no such part, and does not swap the ends as JavaScript does */
function substring(subject: string, from: number, to: number): string {
  if (from < 0 || to > subject.length || from > to) {
    throw new ExpressionError(`begin ${from}, end ${to}, length ${subject.length}`);
  }
  return subject.slice(from, to);
}

/** The patterns of Java that models use mean the same to JavaScript. */
function regExp(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch (cause) {
    throw new ExpressionError(`the pattern ${pattern} cannot be read`, { cause });
  }
}

/** Java drops the empty texts at the end. */
function split(subject: string, pattern: string): JavaList {
  const parts = subject.split(regExp(pattern, 'u'));
  while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return new JavaList(parts.map(stringValue));
}

/** Of `java.lang.Number`. */
export const NUMBER_METHODS: Readonly<Record<string, Method<Value>>> = {
  intValue: method(0, (it) => integer(asInt(it))),
  longValue: method(0, (it) => longValue(asLong(it))),
  doubleValue: method(0, (it) => ({ type: 'Double', value: asDouble(it) })),
  shortValue: method(0, (it) => ({ type: 'Short', value: Number(BigInt.asIntN(16, asLong(it))) })),
};

export const BOOLEAN_METHODS: Readonly<Record<string, Method<Value>>> = {
  booleanValue: method(0, (it) => it),
};

/** Of `java.util.Date`. */
export const DATE_METHODS: Readonly<Record<string, Method<Value>>> = {
  before: method(1, (it, other) => booleanValue(timeOf(it) < otherTime(other))),
  after: method(1, (it, other) => booleanValue(timeOf(it) > otherTime(other))),
  getTime: method(0, (it) => longValue(BigInt(timeOf(it)))),
};

function otherTime(other: Operand | undefined): number {
  if (other && isValue(other) && other.type === 'Date') return timeOf(other);
  throw new ExpressionError('the argument is no java.util.Date');
}

const UNITS: readonly DurationUnit[] = [
  'years',
  'months',
  'weeks',
  'days',
  'hours',
  'minutes',
  'seconds',
];

/** Of Joda's `DateTime`: moving it, and what it becomes. */
export const JODA_METHODS: Readonly<Record<string, Method<JodaTime>>> = {
  ...Object.fromEntries(
    UNITS.flatMap((unit) => [mover('plus', unit, 1), mover('minus', unit, -1)]),
  ),
  toDate: method(0, ({ time }) => dateValue(time.toMillis())),
  getMillis: method(0, ({ time }) => longValue(BigInt(time.toMillis()))),
  withTimeAtStartOfDay: method(0, ({ time }) => new Joda(time.startOf('day'))),
};

function mover(verb: string, unit: DurationUnit, sign: number): [string, Method<JodaTime>] {
  const name = `${verb}${unit.charAt(0).toUpperCase()}${unit.slice(1)}`;
  return [name, method(1, ({ time }, by) => new Joda(time.plus({ [unit]: sign * index(by) })))];
}

export function jodaTime(now: number): JodaTime {
  return new Joda(DateTime.fromMillis(now));
}
