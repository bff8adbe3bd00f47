import { NULL } from '../values/value.ts';
import { isOfType } from './coerce.ts';
import { ExpressionError, type Scope } from './expression.ts';
import {
  dateValue,
  isNull,
  JavaList,
  JsonNode,
  jsonOf,
  type Operand,
  opened,
  parseJson,
} from './operands.ts';
import { jodaTime } from './value-methods.ts';

export interface ElFunction {
  readonly arity: number;
  call(scope: Scope, ...given: Operand[]): Operand;
}

const spin: ElFunction = {
  arity: 1,
  call(_scope, input) {
    if (input === undefined || isNull(input))
      throw new ExpressionError("parameter 'input' is null");
    if (isOfType(input, 'String')) return new JsonNode(parseJson(input.value));
    const found = opened(input);
    return found instanceof JsonNode ? found : new JsonNode(jsonOf(found));
  },
};

/**
 * The functions that Camunda's expressions have, without XML: Spin's and the engine's own. No user is logged in while a
 * machine steps.
 *
 * Source: https://docs.camunda.org/manual/7.24/user-guide/process-engine/expression-language/
 */
export const FUNCTIONS: Readonly<Record<string, ElFunction>> = {
  S: spin,
  JSON: spin,
  now: { arity: 0, call: (scope) => dateValue(timeIn(scope)) },
  dateTime: { arity: 0, call: (scope) => jodaTime(timeIn(scope)) },
  currentUser: { arity: 0, call: () => NULL },
  currentUserGroups: { arity: 0, call: () => new JavaList([]) },
};

function timeIn({ now }: Scope): number {
  if (now !== undefined) return now;
  throw new ExpressionError('the time is not known here');
}
