import { describe, expect, it } from 'vitest';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import { boundary, loop, messageEvent, taskWith } from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.3.7; https://docs.camunda.org/manual/7.24/reference/bpmn20/tasks/task-markers/#multiple-instance
describe('a sequential multi-instance activity', () => {
  const repeated = (given: Parameters<typeof loop>[0]) => [
    ...[start(), taskWith('work', loop({ sequential: true, ...given })), task('after'), end()],
    flows('start', 'work', 'after', 'end'),
  ];

  it('opens one instance after the other, and is left after the last', async () => {
    const machine = (await machineFor(...repeated({ cardinality: '2' }))).start();
    expect(machine.tasks).toEqual(['work']);
    expect(machine.complete('work').tasks).toEqual(['work']);
    expect(machine.complete('work').tasks).toEqual(['after']);
    expect(machine.history).toEqual(['start', 'work', 'work', 'work#multiInstanceBody']);
  });

  it('has one active instance, and numbers them from 0', async () => {
    const machine = (await machineFor(...repeated({ cardinality: '3' }))).start().complete('work');
    expect(machine.variablesAt('work')).toEqual({
      ...{ loopCounter: 1, nrOfInstances: 3, nrOfActiveInstances: 1, nrOfCompletedInstances: 1 },
    });
  });

  it('without an instance is passed', async () => {
    const machine = await machineFor(...repeated({ collection: 'names', element: 'name' }));
    expect(machine.start({ names: [] }).tasks).toEqual(['after']);
  });

  it('gives each instance its item', async () => {
    const machine = await machineFor(...repeated({ collection: 'names', element: 'name' }));
    machine.start({ names: ['ann', 'bob'] });
    expect(machine.variablesAt('work')).toMatchObject({ name: 'ann' });
    expect(machine.complete('work').variablesAt('work')).toMatchObject({ name: 'bob' });
  });

  // SequentialMultiInstanceActivityBehavior.complete evaluates the collection for each instance, but not its size.
  it('reads its collection before each instance, and its size only once', async () => {
    const machine = await machineFor(...repeated({ collection: 'names', element: 'name' }));
    machine.start({ names: ['ann', 'bob'] }).complete('work', { names: ['cid', 'dan', 'eve'] });
    expect(machine.variablesAt('work')).toMatchObject({ name: 'dan', nrOfInstances: 2 });
    expect(machine.complete('work').tasks).toEqual(['after']);
  });

  it('ends by its completion condition before the next instance', async () => {
    const machine = await machineFor(...repeated({ cardinality: '5', completion: 'enough' }));
    machine.start().complete('work', { enough: false });
    expect(machine.tasks).toEqual(['work']);
    expect(machine.complete('work', { enough: true }).tasks).toEqual(['after']);
  });

  it('does not ask its completion condition after the last instance', async () => {
    const machine = await machineFor(...repeated({ cardinality: '1', completion: 'unknown' }));
    expect(machine.start().complete('work').tasks).toEqual(['after']);
  });

  it('has one boundary event for all its instances', async () => {
    const machine = await machineFor(
      ...repeated({ cardinality: '3' }),
      ...[
        boundary('on', 'work', messageEvent('stop')),
        task('handle'),
        flows('on', 'handle', 'end'),
      ],
    );
    machine.start().complete('work');
    expect(machine.waits).toEqual(['message stop']);
    expect(machine.message('stop').tasks).toEqual(['handle']);
  });
});
