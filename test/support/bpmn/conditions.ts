import type { EngineVariables } from '../../../domain/engine/engine-variables.ts';

/*
 * The results of conditions on real engines, as Camunda 7.24 and Operaton gave them; the engine suite checks them again.
 * The evaluator of the embedded engine is tested with the same table.
 */

/** The variables of the conditions. */
export const CONDITION_VARIABLES: EngineVariables = {
  text: { type: 'String', value: 'text' },
  blank: { type: 'String', value: '' },
  digits: { type: 'String', value: '12' },
  truth: { type: 'String', value: 'TRUE' },
  seven: { type: 'Integer', value: 7 },
  two: { type: 'Double', value: 2 },
  half: { type: 'Double', value: 1.5 },
  large: { type: 'Long', value: 2 ** 40 },
  yes: { type: 'Boolean', value: true },
  no: { type: 'Boolean', value: false },
  none: { type: 'Null', value: null },
  noText: { type: 'String', value: null },
  early: { type: 'Date', value: '2024-02-03T04:05:06.789+0000' },
  late: { type: 'Date', value: '2025-02-03T04:05:06.789+0000' },
  json: {
    type: 'Json',
    value: '{"name":"x","count":5,"rate":1.5,"on":true,"nil":null,"list":[1],"in":{"a":"b"}}',
  },
};

export const TRUE_CONDITIONS = `
seven == 7
seven != 8
seven > 6.5
seven < 8
seven >= 7
seven <= 7
seven eq 7
seven ne 8
seven gt 6
seven lt 8
seven ge 7
seven le 7
seven == 7.0
large > seven
two == 2
text == 'text'
text == "text"
'it\\'s' == "it's"
text != 'x'
text > 'a'
text < 'zzz'
digits == 12
digits > seven
seven == '7'
'9' > '12'
yes
!no
not no
yes && !no
yes and not no
no || yes
no or yes
no && no || yes
yes || no && no
not (no and yes)
yes == true
yes == 'true'
truth == true
truth && yes
yes > no
yes != no
1 < 2 == yes
-seven < 0
empty blank
empty none
empty noText
not empty text
!empty text
none == null
text != null
none == none
none >= none
none != 7
blank == 0
seven + 1 == 8
seven - 1 == 6
seven * 2 == 14
seven / 2 == 3.5
seven div 2 == 3.5
seven % 2 == 1
seven mod 2 == 1
digits + 1 == 13
none + 1 == 1
1 + 2 * 3 == 7
(1 + 2) * 3 == 9
2 - 1 - 1 == 0
1e3 == 1000
-(seven - 10) == 3
yes ? yes : no
no ? no : yes
(seven > 5 ? 1 : 2) == 1
yes || unknown
yes ? yes : unknown
text.equals('text')
text.equalsIgnoreCase('TEXT')
text.length() == 4
text.contains('ex')
text.startsWith('te')
text.endsWith('xt')
text.indexOf('x') == 2
text.substring(1) == 'ext'
text.substring(1, 3) == 'ex'
text.concat('s') == 'texts'
text.toUpperCase() == 'TEXT'
text.trim() == 'text'
blank.isEmpty()
early < late
early == early
early != late
early.before(late)
late.after(early)
early.getTime() > 0
json.hasProp('name')
json.prop('name').stringValue() == 'x'
json.prop('name').value() == 'x'
json.prop('count').numberValue() == 5
json.prop('count').numberValue() > 4
json.prop('rate').numberValue() == 1.5
json.prop('on').boolValue()
json.prop('nil').isNull()
json.prop('in').prop('a').stringValue() == 'b'
json.prop('in').isObject()
json.prop('list').isArray()
json.prop('name').isString()
json.prop('count').isNumber()
json.prop('on').isBoolean()
execution.getVariable('text') == 'text'
execution.getVariable('unknown') == null
empty execution.getVariable('unknown')
execution.hasVariable('text')
execution.getVariable('seven') > 6
`
  .trim()
  .split('\n');

export const FALSE_CONDITIONS = `
seven == 8
text < 'a'
'9' > 12
yes && no
no && unknown
(yes || no) && no
not no and no
not (empty blank)
empty text
empty seven
none == ''
none == 7
none > 7
none < 7
none == false
none && yes
early > late
early == late
text.isEmpty()
late.before(early)
json.prop('name') == 'x'
json.prop('name').isNull()
json.hasProp('unknown')
json.isNull()
execution.hasVariable('unknown')
execution.getVariable('unknown') == 'x'
`
  .trim()
  .split('\n');

/** The call that evaluates one of these fails, and the engine changes nothing. */
export const FAILING_CONDITIONS = `
unknown
unknown == null
empty unknown
not unknown
text
truth
seven
none
null
'true'
seven && yes
yes == 1
text == 7
seven > text
text + 1 == 'text1'
'a' + 'b' == 'ab'
text.prop('x')
json.prop('unknown').isNull()
json.prop('name').numberValue() == 1
json.prop('count').stringValue() == '5'
json.prop('count') == 5
`
  .trim()
  .split('\n');

/** Refused when they are deployed. */
export const UNREADABLE_CONDITIONS = `
seven = 7
seven === 7
seven ==
seven & 1
seven ** 2 == 49
~seven
typeof seven
seven in text
[1, 2]
seven ?? 3
lost()
seven; yes
seven, yes
seven++
new Date()
@yes
\`x\`
seven << 1 == 14
seven ^ 1
yes ? no
yes ?: no
'unclosed
seven eq7
`
  .trim()
  .split('\n');
