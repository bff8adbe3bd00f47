import { NULL, textValue } from '../values/value.ts';
import { asInt, asText, isDouble, isInteger, isOfType } from './coerce.ts';
import { ExpressionError } from './expression.ts';
import { EXECUTION_METHODS, JSON_METHODS, LIST_METHODS, MAP_METHODS } from './object-methods.ts';
import {
  Bean,
  JavaList,
  JavaMap,
  JodaTime,
  JsonNode,
  javaClass,
  longValue,
  type Operand,
  opened,
  timeOf,
} from './operands.ts';
import {
  BOOLEAN_METHODS,
  DATE_METHODS,
  JODA_METHODS,
  type Method,
  NUMBER_METHODS,
  OBJECT_METHODS,
  STRING_METHODS,
} from './value-methods.ts';

/** A name that the value behind it does not have. */
export class UnknownPropertyError extends ExpressionError {}
/** A method that the value does not have, or not with so many arguments. */
export class UnknownMethodError extends ExpressionError {}

type Methods = Readonly<Record<string, Method<never>>>;
const NO_METHODS: Methods = {};

/** What JUEL's resolvers find under a name: an item, an entry, or what a getter gives. */
export function readProperty(base: Operand, property: Operand): Operand {
  const subject = opened(base);
  if (subject instanceof JavaList) return subject.items[listIndex(property)] ?? NULL;
  const name = asText(property);
  if (subject instanceof JavaMap) return subject.entries.get(name) ?? NULL;
  const found = subject instanceof Bean ? beanProperty(subject, name) : undefined;
  if (found) return found;
  if (isOfType(subject, 'Date') && name === 'time') return longValue(BigInt(timeOf(subject)));
  throw new UnknownPropertyError(`Cannot resolve property '${name}' in '${asText(subject)}'`);
}

function listIndex(property: Operand): number {
  if (isOfType(property, 'String') && !/^[+-]?\d+$/.test(String(property.value))) {
    throw new ExpressionError(`Cannot parse list index: ${property.value}`);
  }
  return asInt(property);
}

function beanProperty({ properties }: Bean, name: string): Operand | undefined {
  if (!Object.hasOwn(properties, name)) return undefined;
  const found = properties[name] ?? null;
  return typeof found === 'string' || found === null ? textValue(found) : found;
}

/** Calls the method of a value that is not null. */
export function callMethod(base: Operand, name: string, given: readonly Operand[]): Operand {
  const subject = opened(base);
  const own = methodsOf(subject);
  const methods = Object.hasOwn(own, name) ? own : OBJECT_METHODS;
  const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (found?.arity.includes(given.length)) {
    return (found as Method<Operand>).call(subject, ...given);
  }
  const property =
    subject instanceof Bean && given.length === 0 ? getter(subject, name) : undefined;
  if (property) return property;
  throw new UnknownMethodError(`Cannot find method '${name}' in 'class ${javaClass(subject)}'`);
}

/** `getBusinessKey()` reads the property `businessKey`. */
function getter(bean: Bean, name: string): Operand | undefined {
  if (!/^get[A-Z]/.test(name)) return undefined;
  return beanProperty(bean, name.charAt(3).toLowerCase() + name.slice(4));
}

function methodsOf(subject: Operand): Methods {
  if (subject instanceof JsonNode) return JSON_METHODS;
  if (subject instanceof JavaList) return LIST_METHODS;
  if (subject instanceof JavaMap) return MAP_METHODS;
  if (subject instanceof JodaTime) return JODA_METHODS;
  if (subject instanceof Bean) return subject.variable ? EXECUTION_METHODS : NO_METHODS;
  if (isOfType(subject, 'String')) return STRING_METHODS;
  if (isOfType(subject, 'Date')) return DATE_METHODS;
  if (isOfType(subject, 'Boolean')) return BOOLEAN_METHODS;
  return isInteger(subject) || isDouble(subject) ? NUMBER_METHODS : NO_METHODS;
}
