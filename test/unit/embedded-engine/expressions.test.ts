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

describe('expressions', () => {
  it.each(TRUE_CONDITIONS)('%s is true', (condition) => {
    expect(result(condition)).toBe(true);
  });

  it.each(FALSE_CONDITIONS)('%s is false', (condition) => {
    expect(result(condition)).toBe(false);
  });

  it.each(FAILING_CONDITIONS)('%s is no condition', (condition) => {
    let found: unknown;
    try {
      found = result(condition);
    } catch {
      found = 'an error';
    }
    expect(typeof found).not.toBe('boolean');
  });

  it.each(UNREADABLE_CONDITIONS)('%s is found out before it is evaluated', (condition) => {
    expect(() => checkExpression(expression(condition), METHODS)).toThrow();
  });

  it('what can be evaluated is not found fault with', () => {
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
  ])('%s is named before it is evaluated', (_, text, reason) => {
    expect(() => checkExpression(expression(text), METHODS)).toThrow(reason);
  });

  it('an expression without its end is found out', () => {
    expect(() => checkExpression(`a ${expression('yes')} \${no`, METHODS)).toThrow(
      'its closing brace is missing',
    );
  });

  it('an expression alone has the value, within a text its text', () => {
    expect(result('seven')).toBe(7);
    expect(evaluate(` #{seven} `, scope)).toBe(7);
    expect(evaluate(`PT${expression('seven')}S`, scope)).toBe('PT7S');
    expect(evaluate(`<${expression('none')}>`, scope)).toBe('<>');
    expect(evaluate('plain', scope)).toBe('plain');
  });

  it('a name nobody knows is an error that names it', () => {
    expect(() => result('unknown > 1')).toThrow("Cannot resolve identifier 'unknown'");
  });

  it('nothing of the language around can be reached', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'process', 'globalThis']) {
      expect(() => result(name), name).toThrow(UnknownNameError);
      expect(() => result(`text.${name}()`), name).toThrow(/no method/);
      expect(() => result(`json.prop('${name}')`), name).toThrow(/no property/);
    }
  });
});
