import { describe, expect, it } from 'vitest';
import { checkExpression } from '../../../infrastructure/embedded-engine/expression-syntax.ts';
import {
  evaluate,
  METHODS,
  UnknownNameError,
} from '../../../infrastructure/embedded-engine/expressions.ts';
import { plainValue, readTyped } from '../../../infrastructure/embedded-engine/typed-value.ts';
import {
  CONDITION_VARIABLES,
  FAILING_CONDITIONS,
  FALSE_CONDITIONS,
  TRUE_CONDITIONS,
  UNREADABLE_CONDITIONS,
} from '../../support/bpmn/conditions.ts';
import { expression } from '../../support/bpmn/model.ts';

const values = new Map(
  Object.entries(CONDITION_VARIABLES).map(([name, variable]) => [
    name,
    plainValue(readTyped(name, variable)),
  ]),
);
function scope(name: string): unknown {
  if (!values.has(name)) throw new UnknownNameError(name);
  return values.get(name);
}
const result = (text: string): unknown => evaluate(expression(text), scope);

describe('an expression', () => {
  it.each(TRUE_CONDITIONS)('can be true: %s', (condition) => {
    expect(result(condition)).toBe(true);
  });

  it.each(FALSE_CONDITIONS)('can be false: %s', (condition) => {
    expect(result(condition)).toBe(false);
  });

  it.each(FAILING_CONDITIONS)('is refused as a condition: %s', (condition) => {
    let found: unknown;
    try {
      found = result(condition);
    } catch {
      found = 'an error';
    }
    expect(typeof found).not.toBe('boolean');
  });

  it.each(UNREADABLE_CONDITIONS)('is refused before it is evaluated: %s', (condition) => {
    expect(() => checkExpression(expression(condition), METHODS)).toThrow();
  });

  it('passes the check when it can be evaluated', () => {
    for (const condition of [...TRUE_CONDITIONS, ...FALSE_CONDITIONS]) {
      expect(() => checkExpression(expression(condition), METHODS), condition).not.toThrow();
    }
  });

  it.each([
    ['an unknown method', 'text.reverse()', /no method reverse/],
    ['a property', 'json.name', /a property/],
    ['an index', "json['name']", /a property/],
    ['two expressions', 'yes no', /more than one expression/],
    ['one that is hidden deep inside', 'yes ? no : (1 + text.reverse())', /no method reverse/],
    ['a call of no method', 'now()', /only methods/],
  ])('is refused before it is evaluated, with the reason: %s', (_, text, reason) => {
    expect(() => checkExpression(expression(text), METHODS)).toThrow(reason);
  });

  it('without its end is refused', () => {
    expect(() => checkExpression(`a ${expression('yes')} \${no`, METHODS)).toThrow(
      'its closing brace is missing',
    );
  });

  it('alone has its value, and within a text its text', () => {
    expect(result('seven')).toBe(7);
    expect(evaluate(` #{seven} `, scope)).toBe(7);
    expect(evaluate(`PT${expression('seven')}S`, scope)).toBe('PT7S');
    expect(evaluate(`<${expression('none')}>`, scope)).toBe('<>');
    expect(evaluate('plain', scope)).toBe('plain');
  });

  it('with an unknown name is an error that names it', () => {
    expect(() => result('unknown > 1')).toThrow("Cannot resolve identifier 'unknown'");
  });

  it('cannot reach the language around it', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'process', 'globalThis']) {
      expect(() => result(name), name).toThrow(UnknownNameError);
      expect(() => result(`text.${name}()`), name).toThrow(/no method/);
      expect(() => result(`json.prop('${name}')`), name).toThrow(/no property/);
    }
  });
});
