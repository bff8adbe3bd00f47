import {
  catchMessage,
  end,
  eventBased,
  exclusive,
  expression,
  flow,
  flows,
  inclusive,
  onMessage,
  parallel,
  start,
  subProcess,
  task,
} from './model.ts';

/** A process with one more element between start and end. */
const along = (element: string): string[] => [
  ...[start(), element, end(), flows('start', 'x', 'end')],
];
const event = (type: string, definition: string): string =>
  `<${type} id="x">${definition}</${type}>`;
const external = (inner: string, attributes = ''): string =>
  `<serviceTask id="x" camunda:type="external" camunda:topic="t" ${attributes}>${inner}</serviceTask>`;
const extension = (inner: string): string => `<extensionElements>${inner}</extensionElements>`;
const attached = (boundary: string): string[] => [
  ...[start(), task('a'), boundary, end(), flows('start', 'a', 'end'), flows('x', 'end')],
];

/** Models that the embedded engine cannot run as Camunda does, and the reasons that it gives. */
export const REFUSED_MODELS: [what: string, elements: string[], reason: string][] = [
  ['a user task', along('<userTask id="x" />'), 'UserTask "x" is not supported'],
  ['a script task', along('<scriptTask id="x" />'), 'ScriptTask "x" is not supported'],
  ['a call activity', along('<callActivity id="x" />'), 'CallActivity "x" is not supported'],
  ['a transaction', along('<transaction id="x" />'), 'Transaction "x" is not supported'],
  ['a complex gateway', along('<complexGateway id="x" />'), 'ComplexGateway "x" is not supported'],
  [
    'a Java service task',
    along('<serviceTask id="x" camunda:class="org.example.Work" />'),
    'ServiceTask "x" is not an external task with a topic (camunda:type="external")',
  ],
  [
    'an external task without a topic',
    along('<sendTask id="x" camunda:type="external" />'),
    'SendTask "x" is not an external task with a topic (camunda:type="external")',
  ],
  [
    'a multi-instance task',
    along(external('<multiInstanceLoopCharacteristics />')),
    'ServiceTask "x" is a loop: not supported',
  ],
  [
    'an event sub-process',
    [
      ...[start(), task('a'), end(), flows('start', 'a', 'end')],
      `<subProcess id="x" triggeredByEvent="true">${start('s')}${end('e')}${flows('s', 'e')}</subProcess>`,
    ],
    'SubProcess "x" is an event sub-process: not supported',
  ],
  [
    'a message start event',
    [event('startEvent', '<messageEventDefinition />'), end(), flows('x', 'end')],
    'StartEvent "x" with MessageEventDefinition is not supported',
  ],
  [
    'a signal',
    along(event('intermediateCatchEvent', '<signalEventDefinition />')),
    'IntermediateCatchEvent "x" with SignalEventDefinition is not supported',
  ],
  [
    'an error end event',
    [start(), event('endEvent', '<errorEventDefinition />'), flows('start', 'x')],
    'EndEvent "x" with ErrorEventDefinition is not supported',
  ],
  [
    'an event with two definitions',
    along(event('intermediateCatchEvent', '<timerEventDefinition /><messageEventDefinition />')),
    'IntermediateCatchEvent "x" has 2 event definitions, not one',
  ],
  [
    'an event that waits for nothing',
    along('<intermediateCatchEvent id="x" />'),
    'IntermediateCatchEvent "x" has no event definition',
  ],
  [
    'a timer with a cycle',
    along(
      event(
        'intermediateCatchEvent',
        '<timerEventDefinition><timeCycle>R3/PT1S</timeCycle></timerEventDefinition>',
      ),
    ),
    'IntermediateCatchEvent "x" is a timer with a cycle: not supported',
  ],
  [
    'a timer without a time',
    along(event('intermediateCatchEvent', '<timerEventDefinition />')),
    'IntermediateCatchEvent "x" has no duration and no date',
  ],
  [
    'a message event without a message',
    along(event('intermediateCatchEvent', '<messageEventDefinition />')),
    'IntermediateCatchEvent "x" has no message',
  ],
  ['a receive task without one', along('<receiveTask id="x" />'), 'ReceiveTask "x" has no message'],
  [
    'a boundary message that does not interrupt',
    attached(onMessage('x', 'a', 'm', false)),
    'BoundaryEvent "x" is a message event that does not interrupt: not supported',
  ],
  [
    'a boundary event for escalations',
    attached(
      '<boundaryEvent id="x" attachedToRef="a"><escalationEventDefinition /></boundaryEvent>',
    ),
    'BoundaryEvent "x" with EscalationEventDefinition is not supported',
  ],
  [
    'an inclusive join',
    [
      ...[start(), parallel('fork'), task('a'), task('b'), inclusive('x'), end()],
      ...[flows('start', 'fork', 'a', 'x', 'end'), flows('fork', 'b', 'x')],
    ],
    'InclusiveGateway "x" joins branches: not supported',
  ],
  [
    'two flows from a fork to one element',
    [
      ...[start(), parallel('x'), task('a'), end(), flows('start', 'x', 'a', 'end')],
      flow('x', 'a').replace('x_to_a', 'again'),
    ],
    'ParallelGateway "x" has two flows to "a": not supported',
  ],
  [
    'an element nothing leads to',
    [start(), task('x'), end(), flows('start', 'end'), flows('x', 'end')],
    'ServiceTask "x" has no incoming flow',
  ],
  [
    'a gateway that leads nowhere',
    [start(), exclusive('x'), flows('start', 'x')],
    'ExclusiveGateway "x" has no outgoing flow',
  ],
  [
    'a choice of one',
    [start(), exclusive('x'), end(), flows('start', 'x'), flow('x', 'end', 'yes')],
    'ExclusiveGateway "x" has one outgoing flow, which must have no condition then',
  ],
  [
    'an event-based gateway before a task',
    [
      ...[start(), eventBased('x'), catchMessage('m', 'm'), task('a'), end()],
      ...[flows('start', 'x', 'm', 'a', 'end'), flows('x', 'a')],
    ],
    'EventBasedGateway "x" leads to "a", which is not an intermediate catch event',
  ],
  [
    'a condition that cannot be read',
    [
      ...[start(), exclusive('choose', 'end'), task('a'), end(), flows('start', 'choose')],
      ...[flow('choose', 'a', 'x ='), flows('choose', 'end'), flows('a', 'end')],
    ],
    `SequenceFlow "choose_to_a" has the expression ${expression('x =')}`,
  ],
  [
    'a condition that is not an expression',
    [
      ...[start(), exclusive('choose', 'end'), task('a'), end(), flows('start', 'choose')],
      flow('choose', 'a', 'x').replace(expression('x'), 'true'),
      ...[flows('choose', 'end'), flows('a', 'end')],
    ],
    'SequenceFlow "choose_to_a" has a condition that is not an expression',
  ],
  [
    'a condition in a script language',
    [
      ...[start(), exclusive('choose', 'end'), task('a'), end(), flows('start', 'choose')],
      flow('choose', 'a', 'x').replace('<conditionExpression', '$& language="javascript"'),
      ...[flows('choose', 'end'), flows('a', 'end')],
    ],
    'SequenceFlow "choose_to_a" has a condition in javascript: not supported',
  ],
  [
    'a topic that cannot be read',
    [start(), task('x', expression('lost(')), end(), flows('start', 'x', 'end')],
    `ServiceTask "x" has the expression ${expression('lost(')}`,
  ],
  [
    'a listener',
    along(external(extension('<camunda:executionListener event="start" class="X" />'))),
    'ServiceTask "x" has camunda:ExecutionListener: not supported',
  ],
  [
    'input and output mappings',
    along(external(extension('<camunda:inputOutput />'))),
    'ServiceTask "x" has camunda:InputOutput: not supported',
  ],
  [
    'an error found by an expression',
    along(external(extension('<camunda:errorEventDefinition id="d" expression="x" />'))),
    'ServiceTask "x" has camunda:ErrorEventDefinition: not supported',
  ],
  [
    'a listener of the process',
    [
      ...along(task('x')),
      extension('<camunda:executionListener event="end" class="X" />'),
    ].reverse(),
    'Process "p" has camunda:ExecutionListener: not supported',
  ],
  ['no start event', [task('a'), end(), flows('a', 'end')], 'Process "p" has 0 start events'],
  [
    'two start events',
    [start(), start('other'), end(), flows('start', 'end'), flows('other', 'end')],
    'Process "p" has 2 start events, not one',
  ],
  [
    'something inside a sub-process',
    along(
      subProcess('x', start('s'), '<userTask id="inner" />', end('e'), flows('s', 'inner', 'e')),
    ),
    'UserTask "inner" is not supported',
  ],
  [
    'a reference to what is not there',
    [start(), end(), flows('start', 'nowhere'), flows('start', 'end')],
    'nowhere',
  ],
];
