import type { Value } from '../values/value.ts';

/** What an expression may ask of the place where it is evaluated. */
export interface Scope {
  /** The variable that is visible there; undefined when there is not one. */
  variable(name: string): Value | undefined;
  /** Properties of `execution`, by the name that JUEL uses for them: `processBusinessKey`, `processInstanceId`, … */
  readonly execution: Readonly<Record<string, string | null>>;
  /** Properties of `externalTask`, where an external task's own error definitions are evaluated. */
  readonly externalTask?: Readonly<Record<string, Value>>;
  /** Milliseconds since 1970, for `now()` and `dateTime()`; without it, they fail. */
  readonly now?: number;
}

/** The result of an expression: a variable's value, or a list, which only loops take. */
export type Result = Value | { readonly type: 'List'; readonly items: readonly Value[] };

/** An expression or plain text of a model, read once at deployment. */
export interface Expression {
  /** As the model has it. */
  readonly text: string;
  /** The text without `${…}` or `#{…}`: it needs no scope. */
  readonly isLiteral: boolean;
  /**
   * @throws ExpressionError with the expression in its message, in Camunda's words
   */
  evaluate(scope: Scope): Result;
}

/** An expression cannot be read, or cannot be evaluated where it stands. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}
