import { describe, expect, it } from 'vitest';
import {
  bpmnFile,
  end,
  expression,
  flows,
  parallel,
  start,
  subProcess,
  task,
} from '../../support/bpmn/model.ts';
import {
  boundary,
  callActivity,
  conditionEvent,
  endsWith,
  errorEvent,
  eventSubProcess,
  extension,
  mappings,
  startOn,
  taskWith,
  userTask,
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

  // Seen on Operaton 1.0.3: the end of the process instance comes before the output parameters, which then cannot be set.
  describe('that nothing catches, of a task with output parameters', () => {
    const a = (attributes = '') =>
      taskWith('a', mappings({ outputs: { o: expression('true') } }), attributes);

    it('is refused where the process instance would end with the task', async () => {
      const machine = (await machineFor(start(), a(), end(), flows('start', 'a', 'end'))).start();
      expect(() => machine.throwError('a', 'BAD')).toThrow('ENGINE-13033');
      expect(machine.tasks).toEqual(['a']);
    });

    it('ends its path beside another path', async () => {
      const beside = [flows('start', 'fork', 'a', 'end'), flows('fork', 'b', 'end')];
      const machine = await machineFor(start(), parallel('fork'), a(), task('b'), end(), ...beside);
      expect(machine.start().throwError('a', 'BAD').tasks).toEqual(['b']);
    });

    it('ends its path where a job leaves the task', async () => {
      const left = a('camunda:asyncAfter="true"');
      const machine = await machineFor(start(), left, end(), flows('start', 'a', 'end'));
      expect(machine.start().throwError('a', 'BAD').tasks).toEqual([]);
    });

    it('ends its path in a sub-process', async () => {
      const machine = await machineFor(...inSub(start('s'), a(), end('e'), flows('s', 'a', 'e')));
      expect(machine.start().throwError('a', 'BAD').tasks).toEqual(['after']);
    });
  });

  // Seen on Operaton 1.0.3.
  describe('that nothing catches, whose variables meet a condition', () => {
    const met = { now: true };
    const within = (activity: string, ...others: string[]) => [
      ...inSub(start('s'), activity, end('e'), ...others),
      ...[boundary('on', 'sub', conditionEvent('now')), flows('on', 'handle', 'end')],
    ];
    const end1 = async (...elements: string[]) =>
      (await machineFor(...elements)).start({ now: false }).throwError('a', 'BAD', null, met).tasks;

    it('cancels the external task with its scope', async () => {
      expect(await end1(...within(task('a'), flows('s', 'a', 'e')))).toEqual(['handle']);
    });

    it('ends the path of a user task that is alone in its scope, whose conditions are not asked', async () => {
      expect(await end1(...within(userTask('a'), flows('s', 'a', 'e')))).toEqual(['after']);
    });

    it('cancels a user task that is not alone in its scope', async () => {
      const beside = [
        parallel('fork'),
        task('b'),
        flows('s', 'fork', 'b', 'e'),
        flows('fork', 'a', 'e'),
      ];
      expect(await end1(...within(userTask('a'), ...beside))).toEqual(['handle']);
    });

    it('ends the path of a task that has the condition itself', async () => {
      expect(
        await end1(
          ...[start(), task('a'), task('handle'), end(), flows('start', 'a', 'end')],
          ...[boundary('on', 'a', conditionEvent('now')), flows('on', 'handle', 'end')],
        ),
      ).toEqual([]);
    });
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
