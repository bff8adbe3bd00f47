import { describe, expect, it } from 'vitest';
import { bpmnFile, end, flows, start, task } from '../../support/bpmn/model.ts';
import { callActivity, extension, loop, mappings } from '../../support/bpmn/notation.ts';
import { machineForFile } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.3.6; https://docs.camunda.org/manual/7.24/reference/bpmn20/subprocesses/call-activity/
describe('a call activity', () => {
  const calling = (inner = '', called = 'called') =>
    machineForFile(
      bpmnFile({
        caller: [
          ...[start(), callActivity('call', called, inner), task('after'), end()],
          flows('start', 'call', 'after', 'end'),
        ],
        called: [start('s'), task('inner'), end('e'), flows('s', 'inner', 'e')],
      }),
    );

  it('starts an instance of the process that it calls, and continues when that has ended', async () => {
    const machine = (await calling()).start();
    const { id: node } = machine.node('call');
    expect(machine.effectsOf('instance-started')[1]).toMatchObject({
      ...{ id: 'called-1', definition: 'called', businessKey: null },
      calledBy: { instance: 'instance', activity: 'call', node },
    });
    expect(machine.tasks).toEqual(['inner']);
    machine.complete('inner');
    expect(machine.tasks).toEqual(['after']);
    expect(machine.effectsOf('instance-ended')).toMatchObject([
      { id: 'called-1', how: 'completed' },
    ]);
    expect(machine.history).toEqual(['start', 's', 'inner', 'e', 'call']);
  });

  it('has the called instance in its history', async () => {
    const machine = (await calling()).start().complete('inner');
    const ended = machine.effectsOf('activity-ended').find(({ activity }) => activity === 'call');
    expect(ended).toMatchObject({ instance: 'instance', calledInstance: 'called-1' });
  });

  it('passes no variables either way unless it says so', async () => {
    const machine = (await calling()).start({ x: 1 });
    expect(machine.variablesAt('inner')).toEqual({});
    machine.complete('inner', { y: 2 });
    expect(machine.variables).toEqual({ x: 1 });
  });

  it('passes all variables, in and out', async () => {
    const all = extension('<camunda:in variables="all" /><camunda:out variables="all" />');
    const machine = (await calling(all)).start({ x: 1 });
    expect(machine.variablesAt('inner')).toEqual({ x: 1 });
    machine.complete('inner', { x: 2, y: 3 });
    expect(machine.variables).toEqual({ x: 2, y: 3 });
  });

  it('passes single variables under other names, and what expressions give', async () => {
    const some = extension(
      '<camunda:in source="x" target="a" /><camunda:in sourceExpression="#{x + 1}" target="b" />' +
        '<camunda:in source="none" target="c" />' +
        '<camunda:out source="r" target="result" /><camunda:out sourceExpression="#{r * 2}" target="double" />',
    );
    const machine = (await calling(some)).start({ x: 1, hidden: true });
    expect(machine.variablesAt('inner')).toEqual({ a: 1, b: 2, c: null });
    machine.complete('inner', { r: 5, other: 6 });
    expect(machine.variables).toEqual({ x: 1, hidden: true, result: 5, double: 10 });
  });

  it('passes with local only the variables of the call activity itself', async () => {
    const local = mappings({ inputs: { own: '7' } }).replace(
      '<camunda:inputOutput>',
      '<camunda:in variables="all" local="true" /><camunda:inputOutput>',
    );
    const machine = (await calling(local)).start({ x: 1 });
    expect(machine.variablesAt('inner')).toEqual({ own: '7' });
  });

  it('keeps what it gets with local for itself, for its output parameters', async () => {
    const local = mappings({ outputs: { kept: '#{r + 1}' } }).replace(
      '<camunda:inputOutput>',
      '<camunda:out source="r" target="r" local="true" /><camunda:inputOutput>',
    );
    const machine = (await calling(local)).start().complete('inner', { r: 1 });
    expect(machine.variables).toEqual({ kept: 2 });
  });

  it('passes a business key only where it says so', async () => {
    const key = extension('<camunda:in businessKey="#{execution.processBusinessKey}" />');
    const machine = (await calling(key)).start({}, { businessKey: 'order-1' });
    expect(machine.effectsOf('instance-started')).toMatchObject([
      ...[{ businessKey: 'order-1' }, { businessKey: 'order-1' }],
    ]);
  });

  it('calls the process that its expression names', async () => {
    const machine = await calling('', '#{which}');
    expect(machine.start({ which: 'called' }).tasks).toEqual(['inner']);
  });

  it('fails the step when there is no such process', async () => {
    const machine = await calling('', 'nobody');
    expect(() => machine.start()).toThrow("no processes deployed with key 'nobody'");
  });

  it('is cancelled with the instance that it has called', async () => {
    const machine = (await calling()).start().cancel();
    expect(machine.history.slice(2)).toEqual(['inner (cancelled)', 'call (cancelled)']);
    expect(machine.effectsOf('instance-ended').map(({ id, how }) => `${id} ${how}`)).toEqual([
      ...['called-1 cancelled', 'instance cancelled'],
    ]);
  });

  it('is repeated as a multi-instance activity: each calls an instance of its own', async () => {
    const machine = await calling(
      extension('<camunda:in source="name" target="name" /><camunda:out variables="all" />') +
        loop({ collection: 'names', element: 'name' }),
    );
    machine.start({ names: ['ann', 'bob'] });
    expect(machine.tasks).toEqual(['inner', 'inner']);
    expect(machine.variablesAt('inner', { nth: 1 })).toEqual({ name: 'bob' });
    expect(machine.complete('inner').complete('inner').tasks).toEqual(['after']);
  });
});
