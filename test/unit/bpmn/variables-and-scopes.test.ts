import { describe, expect, it } from 'vitest';
import { bpmnFile, end, flow, flows, start, subProcess, task } from '../../support/bpmn/model.ts';
import { callActivity, mappings } from '../../support/bpmn/notation.ts';
import { machineFor, machineForFile } from '../../support/bpmn-machine.ts';

// https://docs.camunda.org/manual/7.24/user-guide/process-engine/variables/#variable-scopes-and-variable-visibility
describe('variables', () => {
  const nested = [
    ...[start(), end(), flows('start', 'sub', 'end')],
    subProcess(
      'sub',
      mappings({ inputs: { inner: 'i' } }),
      ...[start('s'), task('a'), task('b'), flows('s', 'a'), flows('s', 'b')],
    ),
  ];

  it('of the start are those of the process instance, which everything in it sees', async () => {
    const machine = (await machineFor(...nested)).start({ x: 1 });
    expect(machine.variables).toEqual({ x: 1 });
    expect(machine.variablesAt('a')).toEqual({ x: 1, inner: 'i' });
  });

  it('are set where a variable of that name is, otherwise in the process instance', async () => {
    const machine = (await machineFor(...nested)).start({ x: 1 });
    machine.setVariables({ x: 2, inner: 'j', fresh: 3 }, { activity: 'a' });
    expect(machine.variablesAt('sub', { local: true })).toEqual({ inner: 'j' });
    expect(machine.variables).toEqual({ x: 2, fresh: 3 });
  });

  it('that are set locally hide those of the same name from all that is not in the scope', async () => {
    const machine = (await machineFor(...nested)).start({ x: 1 });
    machine.setVariables({ x: 9 }, { activity: 'a', local: true });
    expect(machine.variablesAt('a')).toMatchObject({ x: 9 });
    expect(machine.variablesAt('b')).toMatchObject({ x: 1 });
    machine.complete('a', { x: 10 });
    expect(machine.variables).toEqual({ x: 1 });
  });

  it('are removed where they are', async () => {
    const machine = (await machineFor(...nested)).start({ x: 1, y: 2 }).removeVariable('x');
    expect(machine.variables).toEqual({ y: 2 });
  });

  it('of a scope go when it ends', async () => {
    const elements = nested.map((element) =>
      element.replace('targetRef="end"', 'targetRef="after"'),
    );
    const machine = await machineFor(...elements, task('after'), flows('after', 'end'));
    machine.start().complete('a').complete('b');
    expect(machine.tasks).toEqual(['after']);
    expect(machine.variablesAt('after')).toEqual({});
  });

  // Camunda's history keeps them as variables of the process instance, and that is what is told of its end.
  it('that are input parameters of a sub-process are among those that the instance had at its end', async () => {
    const machine = (await machineFor(...nested)).start({ x: 1 }).complete('a').complete('b');
    expect(machine.ended).toBe('completed');
    expect(machine.variables).toEqual({ x: 1, inner: 'i' });
  });

  it('keep their types', async () => {
    const machine = (await machineFor(...nested)).start({
      text: 'a',
      on: true,
      n: 1.5,
      none: null,
    });
    machine.setVariables({ n: 2 });
    expect(machine.state.nodes[0]?.vars).toEqual({
      text: { type: 'String', value: 'a' },
      on: { type: 'Boolean', value: true },
      n: { type: 'Integer', value: 2 },
      none: { type: 'Null', value: null },
    });
  });

  it('are not seen across a call activity', async () => {
    const file = bpmnFile({
      caller: [start(), callActivity('call', 'called'), end(), flows('start', 'call', 'end')],
      called: [start('s'), task('inner'), flows('s', 'inner')],
    });
    const machine = (await machineForFile(file)).start({ x: 1 });
    machine.setVariables({ x: 2 }, { activity: 'inner' });
    expect(machine.variables).toEqual({ x: 1 });
    expect(machine.variablesAt('inner')).toEqual({ x: 2 });
  });

  it('of an instance that has ended are told with its end', async () => {
    const machine = (await machineFor(...[start(), task('a'), flow('start', 'a')])).start({ x: 1 });
    machine.complete('a', { y: 2 });
    expect(machine.effectsOf('instance-ended')).toMatchObject([
      { variables: { x: { value: 1 }, y: { value: 2 } } },
    ]);
  });

  // https://docs.camunda.org/manual/7.24/user-guide/process-engine/expression-language/#internal-context-variables
  it('are seen by expressions beside the execution they are evaluated in', async () => {
    const inputs = {
      key: '#{execution.processBusinessKey}',
      instance: '#{execution.processInstanceId}',
      activity: '#{execution.currentActivityId}',
    };
    const machine = await machineFor(
      ...[start(), subProcess('sub', mappings({ inputs }), start('s'), task('a'), flows('s', 'a'))],
      flows('start', 'sub'),
    );
    machine.start({}, { businessKey: 'order-1' });
    expect(machine.variablesAt('a')).toEqual({
      ...{ key: 'order-1', instance: 'instance', activity: 'sub' },
    });
  });
});
