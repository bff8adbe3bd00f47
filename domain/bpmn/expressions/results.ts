import type { Value } from '../values/value.ts';
import { asDouble, asText } from './coerce.ts';
import { ExpressionError, type Result } from './expression.ts';
import { isNull, JavaList, javaClass, type Operand, opened, toResult } from './operands.ts';

/*
 * What those who evaluate an expression make of its result.
 */

function operandOf(result: Result): Operand {
  return isList(result) ? new JavaList(result.items) : result;
}

export function isList(result: Result): result is Extract<Result, { type: 'List' }> {
  return result.type === 'List' && 'items' in result;
}

/** The text of a result, as Java's `toString` gives it; null for null. */
export function toText(result: Result): string | null {
  const operand = operandOf(result);
  return isNull(operand) ? null : asText(operand);
}

/**
 * The answer of a condition, which must be a Boolean: no other value is taken for one.
 *
 * @throws ExpressionError in Camunda's words
 */
export function toBoolean(result: Result): boolean {
  const operand = operandOf(result);
  if (isNull(operand)) {
    throw new ExpressionError('condition expression returns null: result is null');
  }
  if (!isList(result) && result.type === 'Boolean') return result.value === true;
  throw new ExpressionError(
    `condition expression returns non-Boolean: result has class ${javaClass(operand)} and not java.lang.Boolean`,
  );
}

/**
 * The number of a result, for a priority or a loop cardinality: a number, or a text that is one; null for null.
 *
 * @throws ExpressionError when it is not one
 */
export function toNumber(result: Result): number | null {
  const operand = operandOf(result);
  return isNull(operand) ? null : asDouble(operand);
}

/** The items of a list, or of an `Object` variable that holds one as JSON; null for what is no `java.util.Collection`. */
export function toList(result: Result): readonly Value[] | null {
  if (isList(result)) return result.items;
  const found = opened(result);
  if (!(found instanceof JavaList)) return null;
  const list = toResult(found);
  return isList(list) ? list.items : null;
}
