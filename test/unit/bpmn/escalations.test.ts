import { describe, expect, it } from 'vitest';
import { bpmnFile, end, flows, start, subProcess, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  callActivity,
  endsWith,
  escalationEvent,
  eventSubProcess,
  mappings,
  startOn,
  throws,
} from '../../support/bpmn/notation.ts';
import { machineFor, machineForFile } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 10.5.5.4; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/escalation-events/
describe('an escalation', () => {
  const throwing = subProcess(
    'sub',
    ...[start('s'), throws('up', escalationEvent('UP')), task('next'), flows('s', 'up', 'next')],
  );
  const process = (...elements: string[]) => [
    ...[start(), throwing, task('after'), task('boss'), end(), ...elements],
    flows('start', 'sub', 'after', 'end'),
  ];
  const caught = (event: string, interrupting: boolean) => [
    ...process(boundary('on', 'sub', event, interrupting), flows('on', 'boss', 'end')),
  ];

  it('that does not interrupt starts a path beside the one that throws it, which continues', async () => {
    const machine = (await machineFor(...caught(escalationEvent('UP'), false))).start();
    expect([...machine.tasks].sort()).toEqual(['boss', 'next']);
    expect(machine.history).toEqual(expect.arrayContaining(['up', 'on']));
  });

  it('that interrupts cancels the sub-process that it is thrown in', async () => {
    const machine = (await machineFor(...caught(escalationEvent('UP'), true))).start();
    expect(machine.tasks).toEqual(['boss']);
    expect(machine.history).toEqual([...['start', 's', 'up (cancelled)', 'sub (cancelled)', 'on']]);
  });

  it('is caught by an event without a code, which can have the code in a variable', async () => {
    const event = escalationEvent(undefined, 'camunda:escalationCodeVariable="code"');
    const machine = (await machineFor(...caught(event, false))).start();
    expect([...machine.tasks].sort()).toEqual(['boss', 'next']);
    expect(machine.variables).toEqual({ code: 'UP' });
  });

  // EscalationHandler.getScopeForEscalation
  it('sets its code where the path that it starts sees it, and not in the sub-process beside it', async () => {
    const event = escalationEvent('UP', 'camunda:escalationCodeVariable="code"');
    const machine = await machineFor(
      ...[start(), task('boss'), end(), flows('start', 'sub', 'end')],
      subProcess(
        'sub',
        mappings({ inputs: { code: 'mine' } }),
        ...[start('s'), throws('up', escalationEvent('UP')), task('next')],
        flows('s', 'up', 'next'),
      ),
      ...[boundary('on', 'sub', event, false), flows('on', 'boss', 'end')],
    );
    machine.start();
    expect(machine.variablesAt('boss')).toEqual({ code: 'UP' });
    expect(machine.variablesAt('next')).toEqual({ code: 'mine' });
  });

  it('is not caught by an event with another code', async () => {
    const machine = (await machineFor(...caught(escalationEvent('OTHER'), true))).start();
    expect(machine.tasks).toEqual(['next']);
  });

  it('that nothing catches is thrown to nobody, and its event continues', async () => {
    const machine = (await machineFor(...process())).start();
    expect(machine.tasks).toEqual(['next']);
    expect(machine.history).toEqual(['start', 's', 'up']);
  });

  it('is thrown by an end event, whose path ends there', async () => {
    const machine = await machineFor(
      ...[start(), task('after'), task('boss'), end(), flows('start', 'sub', 'after', 'end')],
      subProcess('sub', start('s'), endsWith('up', escalationEvent('UP')), flows('s', 'up')),
      ...[boundary('on', 'sub', escalationEvent('UP'), false), flows('on', 'boss', 'end')],
    );
    expect([...machine.start().tasks].sort()).toEqual(['after', 'boss']);
  });

  it('is caught by an event sub-process, which can run beside its scope', async () => {
    const machine = await machineFor(
      ...process(),
      eventSubProcess(
        'handler',
        ...[startOn('h', escalationEvent('UP'), false), task('note'), flows('h', 'note')],
      ),
    );
    expect([...machine.start().tasks].sort()).toEqual(['next', 'note']);
  });

  // EscalationEventDefinitionFinder.isReThrowingEscalationEventSubprocess
  it('that an event sub-process throws again is caught outside of it', async () => {
    const machine = await machineFor(
      ...[start(), task('boss'), end(), flows('start', 'sub', 'end')],
      subProcess(
        'sub',
        ...[
          start('s'),
          throws('up', escalationEvent('UP')),
          task('next'),
          flows('s', 'up', 'next'),
        ],
        eventSubProcess(
          'handler',
          ...[startOn('h', escalationEvent('UP'), false), throws('again', escalationEvent('UP'))],
          flows('h', 'again'),
        ),
      ),
      ...[boundary('on', 'sub', escalationEvent('UP'), false), flows('on', 'boss', 'end')],
    );
    machine.start();
    expect([...machine.tasks].sort()).toEqual(['boss', 'next']);
    expect(machine.history.filter((activity) => activity === 'again')).toHaveLength(1);
  });

  it('of a called process is caught by an event sub-process of the caller', async () => {
    const inner = subProcess(
      'deep',
      start('t'),
      throws('up', escalationEvent('UP')),
      flows('t', 'up'),
    );
    const file = bpmnFile({
      caller: [
        eventSubProcess(
          'handler',
          ...[startOn('h', escalationEvent('UP'), false), task('note'), flows('h', 'note')],
        ),
        ...[start(), callActivity('call', 'called'), end(), flows('start', 'call', 'end')],
      ],
      // The element that throws has the index of the caller's event sub-process around it.
      called: [inner, start('s'), flows('s', 'deep')],
    });
    expect((await machineForFile(file)).start().tasks).toEqual(['note']);
  });

  it('goes out of a called process to the call activity', async () => {
    const file = bpmnFile({
      caller: [
        ...[start(), callActivity('call', 'called'), task('boss'), end()],
        boundary('on', 'call', escalationEvent('UP'), false),
        ...[flows('start', 'call', 'end'), flows('on', 'boss', 'end')],
      ],
      called: [
        ...[start('s'), throws('up', escalationEvent('UP')), task('inner')],
        flows('s', 'up', 'inner'),
      ],
    });
    const machine = (await machineForFile(file)).start();
    expect([...machine.tasks].sort()).toEqual(['boss', 'inner']);
  });
});
