import { describe, expect, it } from 'vitest';
import { end, flows, start, subProcess, task } from '../../support/bpmn/model.ts';
import { boundary, mappings, messageEvent, taskWith } from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// https://docs.camunda.org/manual/7.24/user-guide/process-engine/variables/#input-output-variable-mapping
describe('input and output parameters', () => {
  const process = (given: Parameters<typeof mappings>[0]) => [
    ...[start(), taskWith('work', mappings(given)), end(), flows('start', 'work', 'end')],
  ];

  it('set inputs in the activity alone, texts and expressions', async () => {
    const machine = await machineFor(...process({ inputs: { a: 'text', b: '#{x + 1}' } }));
    machine.start({ x: 1 });
    expect(machine.variablesAt('work', { local: true })).toEqual({ a: 'text', b: 2 });
    expect(machine.variables).toEqual({ x: 1 });
  });

  // InputParameter.execute reads from the scope around the activity.
  it('do not see the inputs before them', async () => {
    const machine = await machineFor(...process({ inputs: { x: '#{x + 1}', y: '#{x * 10}' } }));
    expect(machine.start({ x: 1 }).variablesAt('work')).toMatchObject({ x: 2, y: 10 });
    const unknown = await machineFor(...process({ inputs: { a: '1', b: '#{a}' } }));
    expect(() => unknown.start()).toThrow("Cannot resolve identifier 'a'");
  });

  it('can hide a variable of the process by one of the same name', async () => {
    const machine = await machineFor(...process({ inputs: { x: '#{x * 2}' } }));
    machine.start({ x: 4 }).setVariables({ x: 9 }, { activity: 'work' });
    expect(machine.variables).toEqual({ x: 4 });
    expect(machine.variablesAt('work')).toEqual({ x: 9 });
  });

  it('make lists and maps, and null of an empty parameter', async () => {
    const list =
      '<camunda:list><camunda:value>a</camunda:value><camunda:value>#{x}</camunda:value></camunda:list>';
    const map = '<camunda:map><camunda:entry key="k">#{x}</camunda:entry></camunda:map>';
    const machine = await machineFor(...process({ inputs: { list, map, nothing: '' } }));
    expect(machine.start({ x: 1 }).variablesAt('work', { local: true })).toEqual({
      ...{ list: ['a', 1], map: { k: 1 }, nothing: null },
    });
  });

  it('set outputs around the activity when it ends, from what it had', async () => {
    const machine = await machineFor(
      ...process({ inputs: { a: '#{x + 1}' }, outputs: { sum: '#{a + got}' } }),
    );
    machine.start({ x: 1 }).complete('work', {}, { got: 5 });
    expect(machine.variables).toEqual({ x: 1, sum: 7 });
  });

  it('set an output where a variable of that name is, otherwise in the process instance', async () => {
    const machine = await machineFor(
      ...[start(), task('after'), end(), flows('start', 'sub', 'after', 'end')],
      subProcess(
        'sub',
        mappings({ inputs: { known: '0' } }),
        taskWith('work', mappings({ outputs: { known: '1', fresh: '2' } })),
        ...[start('s'), task('next'), flows('s', 'work', 'next')],
      ),
    );
    machine.start().complete('work');
    expect(machine.variablesAt('sub', { local: true })).toEqual({ known: '1' });
    expect(machine.variables).toEqual({ fresh: '2' });
  });

  // PvmAtomicOperationActivityInstanceEnd runs output parameters of what is cancelled, too.
  it('set outputs of an activity that a boundary event cancels', async () => {
    const machine = await machineFor(
      ...process({ outputs: { seen: '#{x + 1}' } }),
      ...[boundary('on', 'work', messageEvent('stop')), flows('on', 'end')],
    );
    expect(machine.start({ x: 1 }).message('stop').variables).toEqual({ x: 1, seen: 2 });
  });

  it('fail the step when an expression cannot be evaluated, and nothing has happened', async () => {
    const machine = await machineFor(...process({ outputs: { y: '#{unknown}' } }));
    machine.start();
    expect(() => machine.complete('work', { x: 1 })).toThrow("Cannot resolve identifier 'unknown'");
    expect(machine.tasks).toEqual(['work']);
    expect(machine.variables).toEqual({});
  });
});
