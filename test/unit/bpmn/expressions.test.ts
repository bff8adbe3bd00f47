// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are expressions of models
import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../../domain/bpmn/expressions/compile-expression.ts';
import {
  ExpressionError,
  type Result,
  type Scope,
} from '../../../domain/bpmn/expressions/expression.ts';
import { toBoolean, toList, toNumber, toText } from '../../../domain/bpmn/expressions/results.ts';
import { readTyped } from '../../../domain/bpmn/values/typed-values.ts';
import type { Value } from '../../../domain/bpmn/values/value.ts';
import {
  CONDITION_VARIABLES,
  FAILING_CONDITIONS,
  FALSE_CONDITIONS,
  TRUE_CONDITIONS,
  UNREADABLE_CONDITIONS,
} from '../../support/bpmn/conditions.ts';

const asJson = { serializationDataFormat: 'application/json' };
const variables = new Map<string, Value>([
  ...Object.entries(CONDITION_VARIABLES).map(
    ([name, variable]) => [name, readTyped(name, variable)] as const,
  ),
  ['small', { type: 'Short', value: 3 }],
  ['huge', { type: 'Long', value: '9223372036854775807' }],
  [
    'map',
    {
      type: 'Object',
      value: '{"a":{"b":2},"n":null}',
      info: { ...asJson, objectTypeName: 'java.util.HashMap' },
    },
  ],
  [
    'list',
    {
      type: 'Object',
      value: '["x",5,1.5]',
      info: { ...asJson, objectTypeName: 'java.util.ArrayList' },
    },
  ],
  ['items', { type: 'Json', value: '[{"id":"a"},{"id":"b"}]' }],
]);
const scope: Scope = {
  variable: (name) => variables.get(name),
  execution: { processBusinessKey: 'order-1', id: '7', parentId: null },
  externalTask: {
    errorMessage: { type: 'String', value: 'no stock left' },
    retries: { type: 'Integer', value: 0 },
  },
  now: Date.parse('2026-11-30T10:00:00Z'),
};
const result = (text: string): Result => compileExpression(text).evaluate(scope);
const evaluated = (text: string): Result => result(`\${${text}}`);

describe('conditions as Camunda 7.24 and Operaton answered them', () => {
  it.each(TRUE_CONDITIONS)('holds: %s', (condition) => {
    expect(toBoolean(evaluated(condition))).toBe(true);
  });

  it.each(FALSE_CONDITIONS)('does not hold: %s', (condition) => {
    expect(toBoolean(evaluated(condition))).toBe(false);
  });

  it.each(FAILING_CONDITIONS)('fails as a condition: %s', (condition) => {
    expect(() => toBoolean(evaluated(condition))).toThrow(ExpressionError);
  });

  it.each(UNREADABLE_CONDITIONS)('cannot be deployed: %s', (condition) => {
    expect(() => compileExpression(`\${${condition}}`)).toThrow(ExpressionError);
  });
});

// Jakarta Expression Language 4, sections 1.7 to 1.11: the type of a result depends on those of the operands.
describe('the type of an expression', () => {
  it.each<[string, string, unknown]>([
    ['seven', 'Integer', 7],
    ['small', 'Short', 3],
    ['early', 'Date', '2024-02-03T04:05:06.789+0000'],
    ['noText', 'String', null],
    ['7', 'Long', 7],
    ['9007199254740993', 'Long', '9007199254740993'],
    ['1.5', 'Double', 1.5],
    ['1e3', 'Double', 1000],
    ['.5', 'Double', 0.5],
    ['null', 'Null', null],
    ['true', 'Boolean', true],
    ["'it\\'s'", 'String', "it's"],
    ['"a\\\\b"', 'String', 'a\\b'],
    ['1 + 1', 'Long', 2],
    ['seven + seven', 'Long', 14],
    ['seven + half', 'Double', 8.5],
    ["seven + '1'", 'Long', 8],
    ["seven + '1.0'", 'Double', 8],
    ['null + null', 'Long', 0],
    ['7 / 2', 'Double', 3.5],
    ['8 / 2', 'Double', 4],
    ['7 % 4', 'Long', 3],
    ['7.5 mod 4', 'Double', 3.5],
    ['-seven', 'Integer', -7],
    ['-large', 'Long', -(2 ** 40)],
    ["-'3'", 'Long', -3],
    ['huge + 1', 'Long', '-9223372036854775808'],
    ['huge - 1 < huge', 'Boolean', true],
    ['huge == 9223372036854775806', 'Boolean', false],
    ['seven.longValue()', 'Long', 7],
    ['half.intValue()', 'Integer', 1],
    ['text.length()', 'Integer', 4],
    ['early.time', 'Long', Date.parse('2024-02-03T04:05:06.789Z')],
    ["json.prop('count').numberValue()", 'Integer', 5],
    ["json.prop('rate').value()", 'Double', 1.5],
    ["json.prop('in')", 'Json', '{"a":"b"}'],
    ['now()', 'Date', '2026-11-30T10:00:00.000+0000'],
    ['dateTime().plusDays(1).minusHours(2).toDate()', 'Date', '2026-12-01T08:00:00.000+0000'],
  ])('gives %s the type %s', (text, type, value) => {
    expect(evaluated(text)).toEqual({ type, value });
  });
});

describe('a text with expressions', () => {
  it.each<[string, string]>([
    ['', ''],
    ['order ${seven}', 'order 7'],
    ['${text}${seven}', 'text7'],
    ['#{text}-#{none}!', 'text-!'],
    ['${two} ${half}', '2.0 1.5'],
    ['\\${text} and \\#{text}', '${text} and #{text}'],
    ['a\\b $ # {}', 'a\\b $ # {}'],
    ['${json.prop("in")} ', '{"a":"b"} '],
    ['of ${list} and ${map}', 'of [x, 5, 1.5] and {a={b=2}, n=null}'],
    ["${'}'}!", '}!'],
  ])('is a String: %s', (text, expected) => {
    expect(result(text)).toEqual({ type: 'String', value: expected });
  });

  it('is a literal only without an expression', () => {
    expect(compileExpression('a \\${b}').isLiteral).toBe(true);
    expect(compileExpression("${'a'}").isLiteral).toBe(false);
  });

  it('cannot mix ${…} with #{…}, as in JUEL', () => {
    expect(() => compileExpression('${text} #{text}')).toThrow(/syntax error at position 8/);
  });

  it('writes doubles as Java does', () => {
    expect(result('x${10000000.0} ${0.0001} ${1.5e-7} ${123456.0} ${-0.5}')).toEqual({
      type: 'String',
      value: 'x1.0E7 1.0E-4 1.5E-7 123456.0 -0.5',
    });
  });
});

// https://docs.camunda.org/manual/7.24/user-guide/process-engine/expression-language/
describe('what an expression can reach', () => {
  it.each<[string, unknown]>([
    ['execution.processBusinessKey', 'order-1'],
    ['execution.getProcessBusinessKey()', 'order-1'],
    ['execution.parentId', null],
    ["execution['id']", '7'],
    ["externalTask.errorMessage.contains('stock')", true],
    ['externalTask.getRetries() == 0', true],
    ['map.a.b', 2],
    ["map['a'].b", 2],
    ['map.unknown', null],
    ['map.unknown.more', null],
    ['empty map.n', true],
    ['list[0]', 'x'],
    ["list['1']", 5],
    ['list[9]', null],
    ['list.size()', 3],
    ["list.contains('x')", true],
    ['list.get(2)', 1.5],
    ['list.isEmpty()', false],
    ['empty list', false],
    ["items.elements()[1].prop('id').stringValue()", 'b'],
    ['items.elements().size()', 2],
    ["items.elements().get(0).prop('id').value()", 'a'],
    ["json.prop('list').contains(1)", false],
    ["json.fieldNames().contains('rate')", true],
    ["JSON('[1,2]').elements().size()", 2],
    ["S('{\"a\":true}').prop('a').boolValue()", true],
    ['S(json).isObject()', true],
    ["text.replace('t', 'T')", 'TexT'],
    ["text.matches('t.*t')", true],
    ["text.matches('t')", false],
    ["'a,b,,'.split(',').size()", 2],
    ["'a-b'.split('-')[1]", 'b'],
    ['seven.equals(7)', false],
    ['seven.equals(seven)', true],
    ['seven.toString()', '7'],
    ['early.compareTo(late)', -1],
    ['(text).trim()', 'text'],
    ["text['length']()", 4],
    ['authenticatedUserId == null', true],
  ])('evaluates %s', (text, expected) => {
    expect(evaluated(text)).toMatchObject({ value: expected });
  });

  it('gives the elements of JSON as a list of nodes', () => {
    expect(evaluated('items.elements()')).toEqual({
      type: 'List',
      items: [
        { type: 'Json', value: '{"id":"a"}' },
        { type: 'Json', value: '{"id":"b"}' },
      ],
    });
  });
});

describe('an expression that fails', () => {
  it.each<[string, string]>([
    ['x', "Unknown property used in expression: ${x}. Cause: Cannot resolve identifier 'x'"],
    [
      'text.prop(1)',
      "Unknown method used in expression: ${text.prop(1)}. Cause: Cannot find method 'prop' in 'class java.lang.String'",
    ],
    [
      'text.trim(1)',
      "Unknown method used in expression: ${text.trim(1)}. Cause: Cannot find method 'trim' in 'class java.lang.String'",
    ],
    [
      'none.trim()',
      "Unknown property used in expression: ${none.trim()}. Cause: Target unreachable, base expression 'none' resolved to null",
    ],
    [
      "'a' + 1",
      "Error while evaluating expression: ${'a' + 1}. Cause: Cannot coerce 'a' to class java.lang.Long",
    ],
    [
      'yes + 1',
      'Error while evaluating expression: ${yes + 1}. Cause: Cannot coerce from class java.lang.Boolean to class java.lang.Long',
    ],
    ['1 % 0', 'Error while evaluating expression: ${1 % 0}. Cause: / by zero'],
    [
      "json.prop('x')",
      "Error while evaluating expression: ${json.prop('x')}. Cause: SPIN/JACKSON-JSON-01004 Unable to find 'x'",
    ],
  ])('says so in the words of Camunda: %s', (text, message) => {
    expect(() => evaluated(text)).toThrow(new ExpressionError(message));
  });

  it.each<[string, string]>([
    [
      'text',
      'condition expression returns non-Boolean: result has class java.lang.String and not java.lang.Boolean',
    ],
    ['null', 'condition expression returns null: result is null'],
  ])('is refused as a condition in the words of Camunda: %s', (text, message) => {
    expect(() => toBoolean(evaluated(text))).toThrow(new ExpressionError(message));
  });

  it.each(['constructor', 'toString', '__proto__'])(
    'finds nothing of JavaScript under %s',
    (name) => {
      expect(() => evaluated(name)).toThrow(/Cannot resolve identifier/);
      expect(() => evaluated(`execution.${name}`)).toThrow(/Cannot resolve property/);
      expect(() => compileExpression(`\${${name}()}`)).toThrow(/Could not resolve function/);
    },
  );

  it('fails at now() where the time is not known', () => {
    const { now: _now, ...timeless } = scope;
    expect(() => compileExpression('${now()}').evaluate(timeless)).toThrow(
      /the time is not known here/,
    );
  });
});

describe('the result of an expression', () => {
  it.each<[string, string | null]>([
    ['seven', '7'],
    ['two', '2.0'],
    ['none', null],
    ["''", ''],
    ['yes', 'true'],
  ])('has a text: %s', (text, expected) => {
    expect(toText(evaluated(text))).toBe(expected);
  });

  it.each<[string, number | null]>([
    ['seven', 7],
    ['digits', 12],
    ['none', null],
  ])('has a number: %s', (text, expected) => {
    expect(toNumber(evaluated(text))).toBe(expected);
  });

  it('is a list when it holds one as a Java object, and not when it is JSON', () => {
    expect(toList(evaluated('list'))).toEqual([
      { type: 'String', value: 'x' },
      { type: 'Integer', value: 5 },
      { type: 'Double', value: 1.5 },
    ]);
    expect(toList(evaluated('items.elements()'))).toHaveLength(2);
    expect(toList(evaluated('items'))).toBeNull();
    expect(toList(evaluated('text'))).toBeNull();
  });
});
