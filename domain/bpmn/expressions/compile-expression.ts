import { NULL, type Value } from '../values/value.ts';
import { asBoolean, asText } from './coerce.ts';
import { type Expression, ExpressionError, type Scope } from './expression.ts';
import { FUNCTIONS } from './functions.ts';
import { callMethod, readProperty, UnknownMethodError, UnknownPropertyError } from './members.ts';
import { Bean, booleanValue, isNull, type Operand, stringValue, toResult } from './operands.ts';
import { BINARY, UNARY } from './operators.ts';
import { type Node, type Part, parse } from './parse.ts';

/** What a node of the tree becomes: it is walked once, at deployment. */
type Evaluate = (scope: Scope) => Operand;

/**
 * Compiles a text of a model, with or without `${…}`, as Camunda's JUEL reads it. Names of variables and methods are
 * looked up when it is evaluated; functions are known at once.
 *
 * @throws ExpressionError for what cannot be parsed, or calls a function that does not exist
 */
export function compileExpression(text: string): Expression {
  const parts = parse(text);
  if (parts.every((part) => 'plain' in part)) return literalExpression(text, parts);
  const [first] = parts;
  const evaluate =
    parts.length === 1 && first && 'node' in first
      ? compileNode(first.node, text)
      : compileComposite(parts, text);
  return {
    text,
    isLiteral: false,
    evaluate(scope) {
      try {
        return toResult(evaluate(scope));
      } catch (error) {
        throw failure(text, error);
      }
    },
  };
}

function literalExpression(text: string, parts: readonly Part[]): Expression {
  const value = stringValue(parts.map((part) => ('plain' in part ? part.plain : '')).join(''));
  return { text, isLiteral: true, evaluate: () => value };
}

/** The words of Camunda's `JuelExpression`. */
function failure(text: string, error: unknown): ExpressionError {
  const cause = error instanceof Error ? error.message : String(error);
  let problem = 'Error while evaluating expression';
  if (error instanceof UnknownPropertyError) problem = 'Unknown property used in expression';
  if (error instanceof UnknownMethodError) problem = 'Unknown method used in expression';
  return new ExpressionError(`${problem}: ${text}. Cause: ${cause}`, { cause: error });
}

function compileComposite(parts: readonly Part[], text: string): Evaluate {
  const pieces = parts.map((part): Evaluate => {
    if ('node' in part) return compileNode(part.node, text);
    const plain = stringValue(part.plain);
    return () => plain;
  });
  return (scope) => stringValue(pieces.map((piece) => asText(piece(scope))).join(''));
}

function compileNode(node: Node, text: string): Evaluate {
  const compile = (child: Node): Evaluate => compileNode(child, text);
  switch (node.kind) {
    case 'literal':
      return () => node.value;
    case 'name':
      return compileName(node.name);
    case 'unary':
      return compileUnary(node.operator, compile(node.operand));
    case 'binary':
      return compileBinary(node.operator, compile(node.left), compile(node.right));
    case 'choice': {
      const [test, yes, no] = [compile(node.test), compile(node.yes), compile(node.no)];
      return (scope) => (asBoolean(test(scope)) ? yes(scope) : no(scope));
    }
    case 'property':
      return compileProperty(compile(node.base), compile(node.property));
    case 'method':
      return compileMethod(
        node.base,
        compile(node.base),
        compile(node.method),
        node.given.map(compile),
      );
    case 'function':
      return compileFunction(node.name, node.given.map(compile), text);
    default:
      return node satisfies never;
  }
}

/** `execution` and `externalTask` hide variables of these names, as in Camunda. */
function compileName(name: string): Evaluate {
  if (name === 'execution') return executionBean;
  if (name === 'authenticatedUserId') return () => NULL;
  const lookUp = (scope: Scope): Value => {
    const value = scope.variable(name);
    if (value === undefined) {
      throw new UnknownPropertyError(`Cannot resolve identifier '${name}'`);
    }
    return value;
  };
  if (name !== 'externalTask') return lookUp;
  return (scope) => externalTaskBean(scope) ?? lookUp(scope);
}

function executionBean(scope: Scope): Bean {
  const javaClass = 'org.camunda.bpm.engine.impl.persistence.entity.ExecutionEntity';
  return new Bean(javaClass, scope.execution, (name) => scope.variable(name));
}

function externalTaskBean({ externalTask }: Scope): Bean | undefined {
  const javaClass = 'org.camunda.bpm.engine.impl.persistence.entity.ExternalTaskEntity';
  return externalTask && new Bean(javaClass, externalTask, null);
}

function compileUnary(operator: string, operand: Evaluate): Evaluate {
  const apply = UNARY[operator];
  if (!apply) throw new ExpressionError(`there is no operator ${operator}`);
  return (scope) => apply(operand(scope));
}

function compileBinary(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  // The right side is only looked at when the left one leaves the answer open.
  if (operator === '&&') {
    return (scope) => booleanValue(asBoolean(left(scope)) && asBoolean(right(scope)));
  }
  if (operator === '||') {
    return (scope) => booleanValue(asBoolean(left(scope)) || asBoolean(right(scope)));
  }
  const apply = BINARY[operator];
  if (!apply) throw new ExpressionError(`there is no operator ${operator}`);
  return (scope) => apply(left(scope), right(scope));
}

/** A property of null is null. */
function compileProperty(base: Evaluate, property: Evaluate): Evaluate {
  return (scope) => {
    const subject = base(scope);
    if (isNull(subject)) return NULL;
    const name = property(scope);
    return isNull(name) ? NULL : readProperty(subject, name);
  };
}

/** A method of null is an error, unlike a property. */
function compileMethod(
  node: Node,
  base: Evaluate,
  method: Evaluate,
  given: readonly Evaluate[],
): Evaluate {
  return (scope) => {
    const subject = base(scope);
    if (isNull(subject)) {
      throw new UnknownPropertyError(
        `Target unreachable, base expression '${labelOf(node)}' resolved to null`,
      );
    }
    const name = asText(method(scope));
    return callMethod(
      subject,
      name,
      given.map((argument) => argument(scope)),
    );
  };
}

/** What JUEL calls a node in messages. */
function labelOf(node: Node): string {
  if (node.kind === 'name' || node.kind === 'function') return node.name;
  if (node.kind === 'property')
    return node.property.kind === 'literal' ? `. ${node.property.value.value}` : '[...]';
  return `<${node.kind}>`;
}

function compileFunction(name: string, given: readonly Evaluate[], text: string): Evaluate {
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!found) {
    throw new ExpressionError(`Error parsing '${text}': Could not resolve function '${name}'`);
  }
  if (found.arity !== given.length) {
    throw new ExpressionError(
      `Error parsing '${text}': Parameters for function '${name}' do not match`,
    );
  }
  return (scope) => found.call(scope, ...given.map((argument) => argument(scope)));
}
