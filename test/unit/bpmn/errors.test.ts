import { describe, expect, it } from 'vitest';
import { bpmnFile, end, flows, start, subProcess, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  callActivity,
  endsWith,
  errorEvent,
  eventSubProcess,
  extension,
  startOn,
} from '../../support/bpmn/notation.ts';
import { machineFor, machineForFile } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.5.5; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/error-events/
describe('a BPMN error', () => {
  const inSub = (...elements: string[]) => [
    ...[start(), task('after'), task('handle'), end(), flows('start', 'sub', 'after', 'end')],
    subProcess('sub', ...elements),
  ];
  const failing = inSub(
    ...[start('s'), task('a'), task('b'), endsWith('bad', errorEvent('BAD'))],
    ...[flows('s', 'a', 'bad'), flows('s', 'b')],
  );
  const VARIABLES = 'camunda:errorCodeVariable="code" camunda:errorMessageVariable="text"';

  it('that an end event throws cancels the sub-process that catches it', async () => {
    const machine = await machineFor(
      ...[...failing, boundary('on', 'sub', errorEvent('BAD')), flows('on', 'handle', 'end')],
    );
    machine.start().complete('a');
    expect(machine.tasks).toEqual(['handle']);
    expect([...machine.history].sort()).toEqual(
      ['start', 's', 'a', 'b (cancelled)', 'bad (cancelled)', 'sub (cancelled)', 'on'].sort(),
    );
  });

  it('that a task throws is caught at the task first', async () => {
    const machine = await machineFor(
      ...[...failing, boundary('on', 'sub', errorEvent('BAD')), flows('on', 'handle', 'end')],
    );
    machine.start().throwError('a', 'BAD', 'no', { x: 1 });
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.variables).toEqual({ x: 1 });
  });

  it('gives its code and message to the variables of the event that catches it', async () => {
    const machine = await machineFor(
      ...[start(), task('work'), end(), flows('start', 'work', 'end')],
      ...[boundary('on', 'work', errorEvent('BAD', VARIABLES)), flows('on', 'end')],
    );
    machine.start().throwError('work', 'BAD', 'it is bad');
    expect(machine.variables).toEqual({ code: 'BAD', text: 'it is bad' });
    expect(machine.ended).toBe('completed');
  });

  it('is caught by an event without a code, whatever its code', async () => {
    const machine = await machineFor(
      ...[start(), task('work'), task('handle'), end(), flows('start', 'work', 'end')],
      ...[boundary('on', 'work', errorEvent(undefined, VARIABLES)), flows('on', 'handle', 'end')],
    );
    machine.start().throwError('work', 'ANY');
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.variables).toEqual({ code: 'ANY', text: null });
  });

  // BpmnParse.addErrorEventDefinition sorts by precedence.
  it('is caught by the event with its code before one without a code, whichever is first in the file', async () => {
    const machine = await machineFor(
      ...[start(), task('work'), task('any'), task('one'), end(), flows('start', 'work', 'end')],
      ...[boundary('on-any', 'work', errorEvent()), boundary('on-one', 'work', errorEvent('BAD'))],
      ...[flows('on-any', 'any', 'end'), flows('on-one', 'one', 'end')],
    );
    expect(machine.start().throwError('work', 'BAD').tasks).toEqual(['one']);
  });

  it('goes outwards past events with other codes', async () => {
    const machine = await machineFor(
      ...inSub(
        ...[start('s'), task('a'), task('wrong'), flows('s', 'a')],
        ...[boundary('other', 'a', errorEvent('OTHER')), flows('other', 'wrong')],
      ),
      ...[boundary('on', 'sub', errorEvent('BAD')), flows('on', 'handle', 'end')],
    );
    expect(machine.start().throwError('a', 'BAD').tasks).toEqual(['handle']);
  });

  // BpmnExceptionHandler: "Execution is ended (none end event semantics)".
  it('that nothing catches only ends the path of the task, and cancels nothing', async () => {
    const machine = (await machineFor(...failing)).start().throwError('a', 'BAD');
    expect(machine.tasks).toEqual(['b']);
    expect(machine.history).toEqual(['start', 's', 'a']);
    expect(machine.complete('b').tasks).toEqual(['after']);
  });

  it('that an end event throws and nothing catches ends its path as a none end event does', async () => {
    const machine = (await machineFor(...failing)).start().complete('b').complete('a');
    expect(machine.tasks).toEqual(['after']);
    expect(machine.history.at(-1)).toBe('sub');
  });

  // ErrorDeclarationForProcessInstanceFinder.isReThrowingErrorEventSubprocess
  it('that an event sub-process throws again is caught outside of it', async () => {
    const machine = await machineFor(
      ...inSub(
        ...[start('s'), task('a'), flows('s', 'a')],
        eventSubProcess(
          'handler',
          ...[startOn('h', errorEvent('BAD')), endsWith('again', errorEvent('BAD'))],
          flows('h', 'again'),
        ),
      ),
      ...[boundary('on', 'sub', errorEvent('BAD')), flows('on', 'handle', 'end')],
    );
    machine.start().throwError('a', 'BAD');
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.history.slice(-4)).toEqual([
      ...['again (cancelled)', 'handler (cancelled)', 'sub (cancelled)', 'on'],
    ]);
  });

  it('goes out of a called process to the call activity, with the variables that it passes on', async () => {
    const file = bpmnFile({
      caller: [
        ...[start(), task('handle'), end(), flows('start', 'call', 'end')],
        callActivity('call', 'called', extension('<camunda:out source="x" target="y" />')),
        ...[boundary('on', 'call', errorEvent('BAD')), flows('on', 'handle', 'end')],
      ],
      called: [start('s'), task('inner'), flows('s', 'inner')],
    });
    const machine = (await machineForFile(file)).start();
    machine.throwError('inner', 'BAD', null, { x: 1 });
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.variables).toEqual({ y: 1 });
    expect(machine.effectsOf('instance-ended')).toMatchObject([{ how: 'cancelled' }]);
  });
});
