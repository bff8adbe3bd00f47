import { describe, expect, it } from 'vitest';
import {
  end,
  exclusive,
  flow,
  flows,
  parallel,
  start,
  subProcess,
  task,
} from '../../support/bpmn/model.ts';
import {
  compensateEvent,
  compensating,
  endsWith,
  errorEvent,
  eventSubProcess,
  loop,
  mappings,
  startOn,
  taskWith,
  throws,
  undoing,
} from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.5.5; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/cancel-and-compensation-events/
describe('compensation', () => {
  const process = (event = throws('undo', compensateEvent())) => [
    ...[start(), task('a'), undoing('undo-a', 'a'), task('b'), undoing('undo-b', 'b')],
    ...[event, task('after'), end(), flows('start', 'a', 'b', 'undo', 'after', 'end')],
  ];

  it('opens what undoes each activity that has ended, the last first, and continues after all of it', async () => {
    const machine = (await machineFor(...process())).start().complete('a').complete('b');
    expect(machine.tasks).toEqual(['undo-b', 'undo-a']);
    machine.complete('undo-a');
    expect(machine.tasks).toEqual(['undo-b']);
    machine.complete('undo-b');
    expect(machine.tasks).toEqual(['after']);
    expect(machine.history).toEqual(['start', 'a', 'b', 'undo-a', 'undo-b', 'undo']);
  });

  it('undoes only the activity that the event names', async () => {
    const machine = await machineFor(...process(throws('undo', compensateEvent('a'))));
    machine.start().complete('a').complete('b');
    expect(machine.tasks).toEqual(['undo-a']);
    expect(machine.complete('undo-a').tasks).toEqual(['after']);
  });

  it('continues at once when there is nothing to undo', async () => {
    const machine = await machineFor(
      ...[start(), throws('undo', compensateEvent()), end(), flows('start', 'undo', 'end')],
    );
    expect(machine.start().ended).toBe('completed');
  });

  it('does not undo what has not ended', async () => {
    const machine = await machineFor(
      ...[start(), task('a'), undoing('undo-a', 'a'), task('b'), undoing('undo-b', 'b'), end()],
      ...[
        throws('undo', compensateEvent()),
        flows('start', 'a', 'undo', 'end'),
        flows('start', 'b'),
      ],
    );
    machine.start().complete('a');
    expect(machine.tasks).toEqual(['b', 'undo-a']);
  });

  it('undoes an activity once for each time that it has ended', async () => {
    const machine = await machineFor(
      ...[start(), task('a'), undoing('undo-a', 'a'), exclusive('again', 'undo'), end()],
      ...[throws('undo', compensateEvent()), flows('start', 'a', 'again'), flow('again', 'a', 'x')],
      ...[flow('again', 'undo'), flows('undo', 'end')],
    );
    machine.start().complete('a', { x: true }).complete('a', { x: false });
    expect(machine.tasks).toEqual(['undo-a', 'undo-a']);
  });

  it('can be thrown where an error is handled, for what has ended before it', async () => {
    const machine = await machineFor(
      ...[start(), end(), flows('start', 'sub', 'end')],
      subProcess(
        'sub',
        ...[start('s'), task('a'), undoing('undo-a', 'a'), task('b'), flows('s', 'a', 'b')],
        eventSubProcess(
          'handler',
          ...[startOn('h', errorEvent()), endsWith('undo', compensateEvent()), flows('h', 'undo')],
        ),
      ),
    );
    machine.start().complete('a').throwError('b', 'BAD');
    expect(machine.tasks).toEqual(['undo-a']);
    expect(machine.complete('undo-a').ended).toBe('completed');
  });

  it('is done only once: a second event finds nothing more to undo', async () => {
    const machine = await machineFor(
      ...process(),
      endsWith('more', compensateEvent()),
      flow('after', 'more'),
    );
    machine.start().complete('a').complete('b').complete('undo-a').complete('undo-b');
    expect(machine.complete('after').ended).toBe('completed');
  });

  it('is thrown by an end event, too, which ends its path after it', async () => {
    const machine = await machineFor(
      ...[start(), task('a'), undoing('undo-a', 'a'), endsWith('undo', compensateEvent())],
      flows('start', 'a', 'undo'),
    );
    machine.start().complete('a');
    expect(machine.tasks).toEqual(['undo-a']);
    expect(machine.complete('undo-a').ended).toBe('completed');
  });

  const sub = (...elements: string[]) => [
    ...[start(), throws('undo', compensateEvent()), task('after'), end()],
    flows('start', 'sub', 'undo', 'after', 'end'),
    subProcess(
      'sub',
      mappings({ inputs: { x: '#{n + 1}' } }),
      ...[
        start('s'),
        task('a'),
        undoing('undo-a', 'a'),
        end('e'),
        flows('s', 'a', 'e'),
        ...elements,
      ],
    ),
  ];

  // CompensationUtil.createEventScopeExecution
  it('keeps a sub-process that has ended, with the variables it had, to undo what is in it', async () => {
    const machine = (await machineFor(...sub())).start({ n: 1 }).complete('a', { x: 5, n: 9 });
    expect(machine.tasks).toEqual(['undo-a']);
    expect(machine.variablesAt('undo-a')).toEqual({ n: 9, x: 5 });
    machine.complete('undo-a');
    expect(machine.tasks).toEqual(['after']);
    expect(machine.open).toEqual(['after']);
  });

  it('of a sub-process leaves no trace when the instance ends without it', async () => {
    const machine = await machineFor(
      ...[start(), end(), flows('start', 'sub', 'end')],
      subProcess('sub', start('s'), task('a'), undoing('undo-a', 'a'), flows('s', 'a')),
    );
    machine.start().complete('a');
    expect(machine.ended).toBe('completed');
    expect(machine.state.nodes).toEqual([]);
  });

  it('does not undo what has ended in a sub-process that still runs', async () => {
    const machine = await machineFor(
      ...[start(), parallel('fork'), throws('undo', compensateEvent()), task('go'), end()],
      ...[flows('start', 'fork', 'go', 'undo', 'end'), flows('fork', 'sub', 'end')],
      subProcess(
        'sub',
        ...[start('s'), task('a'), undoing('undo-a', 'a'), task('b'), flows('s', 'a', 'b')],
      ),
    );
    machine.start().complete('a').complete('go');
    expect(machine.tasks).toEqual(['b']);
  });

  const handler = (...elements: string[]) =>
    eventSubProcess(
      'handler',
      ...[startOn('h', compensateEvent()), task('own'), flows('h', 'own'), ...elements],
    );

  // https://docs.camunda.org/manual/7.24/reference/bpmn20/subprocesses/event-subprocess/#compensation-event-sub-process
  it('of a sub-process is done by its compensation event sub-process instead of by what is in it', async () => {
    const machine = (await machineFor(...sub(handler()))).start({ n: 1 }).complete('a');
    expect(machine.tasks).toEqual(['own']);
    expect(machine.variablesAt('own')).toMatchObject({ x: 2 });
    expect(machine.complete('own').tasks).toEqual(['after']);
  });

  it('continues within the sub-process when its compensation event sub-process throws it', async () => {
    const inner = handler(throws('deeper', compensateEvent()), flows('own', 'deeper'));
    const machine = (await machineFor(...sub(inner))).start({ n: 1 }).complete('a').complete('own');
    expect(machine.tasks).toEqual(['undo-a']);
    expect(machine.complete('undo-a').tasks).toEqual(['after']);
  });

  it('of a parallel multi-instance undoes each of its instances, with the variables of the loop', async () => {
    const machine = await machineFor(
      ...[start(), throws('undo', compensateEvent()), task('after'), end()],
      taskWith('a', loop({ cardinality: '2' })),
      ...[undoing('undo-a', 'a'), flows('start', 'a', 'undo', 'after', 'end')],
    );
    machine.start().complete('a').complete('a');
    expect(machine.tasks).toEqual(['undo-a', 'undo-a']);
    expect(machine.variablesAt('undo-a')).toMatchObject({ nrOfInstances: 2 });
    expect(machine.complete('undo-a').complete('undo-a').tasks).toEqual(['after']);
  });

  it('of a multi-instance sub-process undoes what is in each of its instances', async () => {
    const machine = await machineFor(
      ...[start(), throws('undo', compensateEvent('sub')), task('after'), end()],
      subProcess(
        'sub',
        ...[loop({ collection: 'names', element: 'name' }), start('s'), task('a')],
        ...[undoing('undo-a', 'a'), flows('s', 'a')],
      ),
      flows('start', 'sub', 'undo', 'after', 'end'),
    );
    machine
      .start({ names: ['ann', 'bob'] })
      .complete('a')
      .complete('a');
    expect(machine.tasks).toEqual(['undo-a', 'undo-a']);
    expect(machine.variablesAt('undo-a', { nth: 0 })).toMatchObject({ name: 'ann' });
    expect(machine.variablesAt('undo-a', { nth: 1 })).toMatchObject({ name: 'bob' });
    expect(machine.complete('undo-a').complete('undo-a').tasks).toEqual(['after']);
  });

  // CompensationEventHandler starts the handler past its job.
  it('is done at once, even by an activity that is asynchronous', async () => {
    const machine = await machineFor(
      ...[start(), task('a'), throws('undo', compensateEvent()), end()],
      undoing('undo-a', 'a').replace('isForC', 'camunda:asyncBefore="true" isForC'),
      flows('start', 'a', 'undo', 'end'),
    );
    expect(machine.start().complete('a').tasks).toEqual(['undo-a']);
  });

  it('is what a whole sub-process can be: it undoes with several steps', async () => {
    const several = subProcess(
      'undo-a',
      start('s'),
      task('one'),
      task('two'),
      flows('s', 'one', 'two'),
    );
    const machine = await machineFor(
      ...[start(), task('a'), throws('undo', compensateEvent()), task('after'), end()],
      several.replace('id="undo-a"', 'id="undo-a" isForCompensation="true"'),
      ...[compensating('undo-a', 'a'), flows('start', 'a', 'undo', 'after', 'end')],
    );
    machine.start().complete('a').complete('one').complete('two');
    expect(machine.tasks).toEqual(['after']);
  });
});
