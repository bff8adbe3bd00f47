import { describe, expect, it } from 'vitest';
import { programsOf, refusalOf } from '../../support/bpmn/compile-model.ts';
import {
  bpmn,
  catchMessage,
  end,
  eventBased,
  exclusive,
  flow,
  flows,
  start,
  subProcess,
  task,
} from '../../support/bpmn/model.ts';
import {
  boundary,
  cancelEvent,
  catches,
  compensateEvent,
  endsWith,
  errorEvent,
  escalationEvent,
  eventSubProcess,
  linkEvent,
  loop,
  mappings,
  messageEvent,
  signalEvent,
  startOn,
  taskWith,
  throws,
} from '../../support/bpmn/notation.ts';

const along = (element: string, ...more: string[]) => [
  ...[start(), element, end(), flows('start', 'x', 'end'), ...more],
];
const work = (...more: string[]) => along(task('x'), ...more);
const sub = (...elements: string[]) => along(subProcess('x', ...elements));
const handler = (definition: string, interrupting = true) =>
  work(eventSubProcess('h', startOn('on', definition, interrupting), end('e'), flows('on', 'e')));

/** What Operaton refuses, too (BpmnParse). */
const REFUSED: [what: string, elements: string[], reason: string][] = [
  [
    'two start events without a definition',
    work(start('s')),
    'has 2 start events without a message or signal',
  ],
  [
    'two start events for one message',
    work(startOn('a', messageEvent('m')), startOn('b', messageEvent('m'))),
    'as another start event does',
  ],
  ['a sub-process with two start events', sub(start('s'), start('t')), 'has 2 start events'],
  [
    'a sub-process that a message starts',
    sub(startOn('s', messageEvent('m'))),
    'the start of an embedded sub-process must not have',
  ],
  [
    'an event sub-process that nothing starts',
    work(eventSubProcess('h', start('s'))),
    'waits for no event',
  ],
  [
    'an error that does not interrupt',
    handler(errorEvent(), false),
    'catches an error, and must interrupt',
  ],
  [
    'a flow to an event sub-process',
    [...handler(signalEvent('go')), flow('x', 'h')],
    'an event sub-process: no flow may',
  ],
  [
    'a flow to nothing',
    work('<sequenceFlow id="f" sourceRef="x" targetRef="none" />'),
    'SequenceFlow "f" has a targetRef that is no activity',
  ],
  [
    'a flow into a sub-process',
    [...sub(start('s'), task('in'), flows('s', 'in')), flow('start', 'in')],
    'has a targetRef that is no activity',
  ],
  [
    'a gateway with one flow that has a condition',
    [start(), exclusive('x'), end(), flows('start', 'x'), flow('x', 'end', 'y')],
    'which must have no condition',
  ],
  [
    'a gateway with a flow without a condition that is not its default',
    [start(), exclusive('x'), task('a'), task('b'), flows('start', 'x', 'a'), flow('x', 'b')],
    'without a condition, which is not its default flow',
  ],
  [
    'a gateway without an outgoing flow',
    [start(), exclusive('x'), flows('start', 'x')],
    'has no outgoing flow',
  ],
  [
    'an event-based gateway before a task',
    [start(), eventBased('x'), task('a'), flows('start', 'x', 'a')],
    'leads to "a", which is no intermediate event',
  ],
  [
    'another flow to an event behind an event-based gateway',
    [
      start(),
      eventBased('x'),
      catchMessage('m', 'm'),
      flows('start', 'x', 'm'),
      flow('start', 'm'),
    ],
    'which only its event-based gateway may lead to',
  ],
  [
    'an external task without a topic',
    along('<serviceTask id="x" camunda:type="external" />'),
    'external task without a topic',
  ],
  [
    'a call activity without a called process',
    along('<callActivity id="x" />'),
    'calls no process',
  ],
  [
    'a boundary event at nothing',
    work(boundary('on', 'none', signalEvent('go'))),
    'is attached to no activity',
  ],
  ['a boundary event without a definition', work(boundary('on', 'x', '')), 'waits for nothing'],
  [
    'two boundary events for one message',
    work(boundary('a', 'x', messageEvent('m')), boundary('b', 'x', messageEvent('m'))),
    'waits for the message "m"',
  ],
  [
    'a cancel event at a task',
    work(boundary('on', 'x', cancelEvent())),
    'cancels a transaction, and is attached to none',
  ],
  [
    'a cancel end event outside of a transaction',
    [start(), endsWith('x', cancelEvent()), flows('start', 'x')],
    'cancels a transaction, and is in none',
  ],
  [
    'an escalation at a service task',
    work(boundary('on', 'x', escalationEvent('UP'))),
    'catches escalations of a sub-process, a call activity or a user task only',
  ],
  [
    'two escalation events of which one catches all',
    along(
      subProcess('x', start('s')),
      boundary('a', 'x', escalationEvent('UP')),
      boundary('b', 'x', escalationEvent()),
    ),
    'catches escalations that another event',
  ],
  [
    'a message event without a message',
    along(catches('x', '<messageEventDefinition />')),
    'has no message',
  ],
  [
    'a signal event without a signal',
    along(throws('x', '<signalEventDefinition />')),
    'has no signal',
  ],
  [
    'an error end event without a code',
    [start(), endsWith('x', errorEvent()), flows('start', 'x')],
    'throws an error without a code',
  ],
  [
    'an escalation without a code',
    along(throws('x', '<escalationEventDefinition />')),
    'throws no escalation',
  ],
  [
    'a timer without a time',
    along(catches('x', '<timerEventDefinition />')),
    'has a timer without a date, duration or cycle',
  ],
  [
    'a link that nothing catches',
    [start(), throws('x', linkEvent('far')), flows('start', 'x')],
    'leads to the link "far", which no event catches',
  ],
  [
    'two events that catch one link',
    work(catches('a', linkEvent('far')), catches('b', linkEvent('far'))),
    'which another event catches already',
  ],
  [
    'a compensation of an activity elsewhere',
    along(throws('x', compensateEvent('none'))),
    'compensates "none", which is no activity beside it',
  ],
  [
    'a compensation by an activity that is not for it',
    work(
      boundary('on', 'x', compensateEvent()),
      task('undo'),
      '<association id="l" sourceRef="on" targetRef="undo" />',
    ),
    'which is not for compensation',
  ],
  [
    'a loop without a number',
    along(taskWith('x', loop({}))),
    'is a multi-instance without a number',
  ],
  [
    'an element without a collection',
    along(taskWith('x', loop({ cardinality: '2', element: 'one' }))),
    'elementVariable without a camunda:collection',
  ],
  [
    'output parameters of a loop',
    along(taskWith('x', mappings({ outputs: { y: '1' } }) + loop({ cardinality: '2' }))),
    'has a camunda:outputParameter, which it cannot have',
  ],
  [
    'parameters of a gateway',
    [
      start(),
      `<parallelGateway id="x">${mappings({ inputs: { y: '1' } })}</parallelGateway>`,
      flows('start', 'x'),
    ],
    'has a camunda:inputOutput, which it cannot have',
  ],
  [
    'an expression that cannot be read',
    [...work(), flow('x', 'end', '1 +').replace('x_to_end', 'f')],
    'has the expression',
  ],
];

// https://docs.camunda.org/manual/7.24/reference/bpmn20/
describe('a process is refused at its deployment, with its element named, for', () => {
  it.each(REFUSED)('%s', async (_what, elements, reason) => {
    const refusal = await refusalOf(...elements);
    expect(refusal).toMatch(/^ModelError: /);
    expect(refusal).toContain(reason);
  });

  // https://docs.camunda.org/manual/7.24/user-guide/process-engine/history/history-cleanup/
  it('a missing history time to live', async () => {
    const file = bpmn('process', ...work()).replace(/ camunda:historyTimeToLive="\w+"/, '');
    await expect(programsOf(file)).rejects.toThrow('has no History Time To Live (TTL)');
  });
});
