import { describe, expect, it } from 'vitest';
import { end, flows, start, subProcess, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  errorEvent,
  loop,
  mappings,
  taskWith,
  userTask,
} from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.3.7; https://docs.camunda.org/manual/7.24/reference/bpmn20/tasks/task-markers/#multiple-instance
describe('a parallel multi-instance activity', () => {
  const process = (work: string, ...more: string[]) => [
    ...[start(), work, task('after'), end(), flows('start', 'work', 'after', 'end'), ...more],
  ];
  const repeated = (given: Parameters<typeof loop>[0], inner = '') => [
    ...process(taskWith('work', inner + loop(given))),
  ];

  it('opens all instances at once, and is left when the last has ended', async () => {
    const machine = (await machineFor(...repeated({ cardinality: '3' }))).start();
    expect(machine.tasks).toEqual(['work', 'work', 'work']);
    machine.complete('work').complete('work');
    expect(machine.tasks).toEqual(['work']);
    expect(machine.complete('work').tasks).toEqual(['after']);
    expect(machine.history).toEqual([
      ...['start', 'work', 'work', 'work', 'work#multiInstanceBody'],
    ]);
  });

  it('counts its instances in variables of its own, and numbers each from 0', async () => {
    const machine = (await machineFor(...repeated({ cardinality: '3' }))).start().complete('work');
    expect(machine.variablesAt('work')).toEqual({
      ...{ loopCounter: 1, nrOfInstances: 3, nrOfActiveInstances: 2, nrOfCompletedInstances: 1 },
    });
    expect(machine.variablesAt('work', { local: true, nth: 1 })).toEqual({ loopCounter: 2 });
    expect(machine.variables).toEqual({});
  });

  it('has as many instances as an expression or a text says', async () => {
    const machine = await machineFor(...repeated({ cardinality: '#{n + 1}' }));
    expect(machine.start({ n: 1 }).tasks).toEqual(['work', 'work']);
    const text = await machineFor(...repeated({ cardinality: '#{n}' }));
    expect(text.start({ n: '2' }).tasks).toEqual(['work', 'work']);
  });

  it('without an instance is passed', async () => {
    const machine = (await machineFor(...repeated({ cardinality: '0' }))).start();
    expect(machine.tasks).toEqual(['after']);
    expect(machine.history).toEqual(['start', 'work#multiInstanceBody']);
  });

  it('takes an instance for each item of the collection that a variable or an expression has', async () => {
    for (const collection of ['names', '#{names}']) {
      const machine = await machineFor(...repeated({ collection, element: 'name' }));
      machine.start({ names: ['ann', 'bob'] });
      expect(machine.variablesAt('work', { local: true })).toEqual({ loopCounter: 0, name: 'ann' });
      expect(machine.variablesAt('work', { nth: 1 })).toMatchObject({
        loopCounter: 1,
        name: 'bob',
      });
    }
  });

  it('ends by its completion condition, which cancels the instances that still run', async () => {
    const completion = 'nrOfCompletedInstances / nrOfInstances >= 0.5';
    const machine = (await machineFor(...repeated({ cardinality: '4', completion }))).start();
    expect(machine.complete('work').tasks).toHaveLength(3);
    machine.complete('work');
    expect(machine.tasks).toEqual(['after']);
    expect(machine.history.slice(3)).toEqual([
      ...['work (cancelled)', 'work (cancelled)', 'work#multiInstanceBody'],
    ]);
  });

  it('asks its completion condition with the variables that the ended instance has set', async () => {
    const machine = await machineFor(...repeated({ cardinality: '3', completion: 'enough' }));
    machine.start({ enough: false }).complete('work', { enough: true });
    expect(machine.tasks).toEqual(['after']);
  });

  it('ends after its last instance though its completion condition never holds', async () => {
    const machine = await machineFor(...repeated({ cardinality: '2', completion: 'false' }));
    expect(machine.start().complete('work').complete('work').tasks).toEqual(['after']);
  });

  it('gives each instance its own input parameters', async () => {
    const inner = mappings({ inputs: { double: '#{loopCounter * 2}' } });
    const machine = (await machineFor(...repeated({ cardinality: '2' }, inner))).start();
    expect(machine.variablesAt('work', { nth: 1 })).toMatchObject({ double: 2 });
  });

  it('repeats whole sub-processes, which end each by itself', async () => {
    const sub = subProcess(
      'work',
      ...[loop({ collection: 'names', element: 'name' }), start('s'), task('a'), task('b')],
      flows('s', 'a', 'b'),
    );
    const machine = (await machineFor(...process(sub))).start({ names: ['ann', 'bob'] });
    expect(machine.complete('a').tasks).toEqual(['a', 'b']);
    expect(machine.variablesAt('b')).toMatchObject({ name: 'ann' });
    expect(machine.complete('b').complete('a').complete('b').tasks).toEqual(['after']);
  });

  it('is cancelled as a whole by an error in one of its instances that its boundary event catches', async () => {
    const machine = await machineFor(
      ...repeated({ cardinality: '2' }),
      ...[boundary('on', 'work', errorEvent('BAD')), task('handle'), flows('on', 'handle', 'end')],
    );
    expect(machine.start().throwError('work', 'BAD').tasks).toEqual(['handle']);
  });

  it('opens user tasks with what holds for each instance', async () => {
    const work = userTask(
      'work',
      'camunda:assignee="#{name}"',
      loop({ collection: 'names', element: 'name' }),
    );
    const machine = (await machineFor(...process(work))).start({ names: ['ann', 'bob'] });
    expect(machine.effectsOf('user-task-opened').map(({ task: { assignee } }) => assignee)).toEqual(
      [...['ann', 'bob']],
    );
  });

  it.each<[what: string, given: Parameters<typeof loop>[0], message: string]>([
    ['a negative number', { cardinality: '#{0 - 1}' }, 'Invalid number of instances'],
    [
      'a cardinality that is no number',
      { cardinality: '#{names}' },
      'not a number nor number String',
    ],
    [
      'a variable that is no collection',
      { collection: 'n' },
      "Variable 'n' is not from type 'Collection'",
    ],
    [
      'an expression that gives no collection',
      { collection: '#{n}' },
      "didn't resolve to type 'Collection'",
    ],
  ])('fails the step with %s', async (_what, given, message) => {
    const machine = await machineFor(...repeated(given));
    expect(() => machine.start({ n: 1, names: [] })).toThrow(message);
  });
});
