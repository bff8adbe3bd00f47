import { describe, expect, it } from 'vitest';
import { end, flows, start, subProcess, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  catches,
  conditionEvent,
  eventSubProcess,
  mappings,
  startOn,
} from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 10.5.5.3; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/conditional-events/
describe('a conditional event', () => {
  const caught = (definition: string) => [
    ...[start(), catches('wait', definition), end(), flows('start', 'wait', 'end')],
  ];
  const attached = (definition: string, interrupting = true) => [
    ...[start(), task('work'), task('handle'), end(), flows('start', 'work', 'end')],
    ...[boundary('on', 'work', definition, interrupting), flows('on', 'handle', 'end')],
  ];

  it('waits until a change of a variable makes its condition true', async () => {
    const machine = (await machineFor(...caught(conditionEvent('x > 1')))).start({ x: 0 });
    expect(machine.waits).toEqual(['conditional wait']);
    expect(machine.setVariables({ x: 1 }).ended).toBeNull();
    expect(machine.setVariables({ x: 2 }).ended).toBe('completed');
  });

  it('is passed at once when its condition holds already', async () => {
    const machine = (await machineFor(...caught(conditionEvent('x > 1')))).start({ x: 2 });
    expect(machine.history).toEqual(['start', 'wait', 'end']);
  });

  it('does not hold, and does not fail, while its condition cannot be evaluated', async () => {
    const machine = (await machineFor(...caught(conditionEvent('x > 1')))).start();
    expect(machine.ended).toBeNull();
    expect(machine.setVariables({ x: 2 }).ended).toBe('completed');
  });

  it('at an activity cancels it when it interrupts', async () => {
    const machine = (await machineFor(...attached(conditionEvent('x > 1')))).start({ x: 0 });
    expect(machine.tasks).toEqual(['work']);
    machine.setVariables({ x: 2 });
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.history).toEqual(['start', 'work (cancelled)', 'on']);
  });

  it('at an activity keeps that from beginning when its condition holds already', async () => {
    const machine = (await machineFor(...attached(conditionEvent('x > 1')))).start({ x: 2 });
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.effectsOf('task-opened')).toHaveLength(1);
    expect(machine.history).toEqual(['start', 'work (cancelled)', 'on']);
  });

  it('that does not interrupt happens at each change for which its condition holds', async () => {
    const machine = (await machineFor(...attached(conditionEvent('x > 1'), false))).start({ x: 0 });
    machine.setVariables({ x: 2 });
    expect(machine.tasks).toEqual(['work', 'handle']);
    machine.setVariables({ x: 3 }).setVariables({ x: 0 });
    expect(machine.tasks).toEqual(['work', 'handle', 'handle']);
  });

  it('asks at changes of any variable, unless it names one', async () => {
    const any = (await machineFor(...attached(conditionEvent('x > 1'), false))).start({ x: 0 });
    any.setVariables({ x: 2 }).setVariables({ y: 1 });
    expect(any.tasks).toEqual(['work', 'handle', 'handle']);
    const named = conditionEvent('x > 1', 'camunda:variableName="x"');
    const one = (await machineFor(...attached(named, false))).start({ x: 0 });
    one.setVariables({ x: 2 }).setVariables({ y: 1 });
    expect(one.tasks).toEqual(['work', 'handle']);
  });

  it('asks only at the kinds of change that it names', async () => {
    const created = conditionEvent(
      'true',
      'camunda:variableName="x" camunda:variableEvents="create, delete"',
    );
    const machine = (await machineFor(...attached(created, false))).start({ y: 1 });
    const before = machine.tasks.length;
    machine.setVariables({ x: 1 });
    expect(machine.tasks).toHaveLength(before + 1);
    machine.setVariables({ x: 2 });
    expect(machine.tasks).toHaveLength(before + 1);
    machine.removeVariable('x');
    expect(machine.tasks).toHaveLength(before + 2);
  });

  it('sees what a task of another path is completed with', async () => {
    const machine = await machineFor(
      ...attached(conditionEvent('x > 1')),
      ...[task('other'), flows('start', 'other', 'end')],
    );
    machine.start().complete('other', { x: 2 });
    expect(machine.tasks).toEqual(['handle']);
  });

  it('starts an event sub-process', async () => {
    const machine = await machineFor(
      ...[start(), task('work'), end(), flows('start', 'work', 'end')],
      eventSubProcess(
        'handler',
        ...[startOn('on', conditionEvent('x > 1')), task('handle'), flows('on', 'handle')],
      ),
    );
    machine.start({ x: 0 });
    expect(machine.waits).toEqual(['conditional on']);
    expect(machine.setVariables({ x: 2 }).tasks).toEqual(['handle']);
    expect(machine.history).toEqual(['start', 'work (cancelled)', 'on']);
  });

  it('is not asked about a variable of a scope within', async () => {
    const machine = await machineFor(
      ...[start(), task('handle'), end(), flows('start', 'sub', 'end')],
      subProcess('sub', start('s'), task('work'), flows('s', 'work')),
      ...[boundary('on', 'sub', conditionEvent('x > 1')), flows('on', 'handle', 'end')],
    );
    machine.start().setVariables({ x: 2 }, { activity: 'work', local: true });
    expect(machine.tasks).toEqual(['work']);
  });

  it('is asked about a variable that an input parameter of its own activity sets', async () => {
    const sub = subProcess(
      'work',
      mappings({ inputs: { x: '#{2}' } }),
      start('s'),
      task('a'),
      flows('s', 'a'),
    );
    const [begin, , ...rest] = attached(conditionEvent('x > 1'));
    const machine = await machineFor(begin as string, sub, ...rest);
    expect(machine.start().tasks).toEqual(['handle']);
  });
});
