import { describe, expect, it } from 'vitest';
import { end, flow, flows, parallel, start, subProcess, task } from '../../support/bpmn/model.ts';
import { extension } from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.3.4; https://docs.camunda.org/manual/7.24/reference/bpmn20/subprocesses/embedded-subprocess/
describe('an embedded sub-process', () => {
  const around = (...elements: string[]) => [
    ...[start(), subProcess('sub', ...elements), task('after'), end()],
    flows('start', 'sub', 'after', 'end'),
  ];

  it('begins at its start event, and is left when its end event is reached', async () => {
    const machine = await machineFor(
      ...around(start('s'), task('a'), end('e'), flows('s', 'a', 'e')),
    );
    expect(machine.start().open).toEqual(['sub', 'a']);
    machine.complete('a');
    expect(machine.tasks).toEqual(['after']);
    expect(machine.history).toEqual(['start', 's', 'a', 'e', 'sub']);
  });

  it('is left only when its last token has ended', async () => {
    const machine = await machineFor(
      ...around(
        ...[start('s'), parallel('fork'), task('a'), task('b'), end('e'), end('f')],
        ...[flows('s', 'fork', 'a', 'e'), flows('fork', 'b', 'f')],
      ),
    );
    machine.start().complete('b');
    expect(machine.tasks).toEqual(['a']);
    expect(machine.complete('a').tasks).toEqual(['after']);
  });

  it('ends a path at an activity that no flow leaves', async () => {
    const machine = await machineFor(...around(start('s'), task('a'), flows('s', 'a')));
    expect(machine.start().complete('a').tasks).toEqual(['after']);
  });

  it('is left once by every outgoing flow', async () => {
    const machine = await machineFor(
      ...around(start('s'), end('e'), flows('s', 'e')),
      ...[task('beside'), flows('sub', 'beside', 'end')],
    );
    expect(machine.start().tasks).toEqual(['after', 'beside']);
  });

  it('can be entered again by a loop, as a new instance', async () => {
    const machine = await machineFor(
      ...around(start('s'), task('a'), end('e'), flows('s', 'a', 'e')),
      flow('after', 'sub'),
    );
    machine.start().complete('a').complete('after');
    expect(machine.tasks).toEqual(['a']);
    expect(machine.history.filter((activity) => activity === 'sub')).toHaveLength(1);
  });

  it('keeps variables of its own, which those in it see and set, and which go with it', async () => {
    const input =
      '<camunda:inputOutput><camunda:inputParameter name="x">1</camunda:inputParameter></camunda:inputOutput>';
    const machine = await machineFor(
      ...around(extension(input), start('s'), task('a'), end('e'), flows('s', 'a', 'e')),
    );
    machine.start();
    expect(machine.variablesAt('a')).toEqual({ x: '1' });
    expect(machine.variables).toEqual({});
    machine.complete('a', { x: 2, y: 3 });
    expect(machine.variables).toEqual({ y: 3 });
  });

  it('goes with all that is in it, the innermost first, when the instance is cancelled', async () => {
    const machine = await machineFor(
      ...around(
        ...[start('s'), end('e'), flows('s', 'inner', 'e')],
        subProcess('inner', start('t'), task('a'), end('f'), flows('t', 'a', 'f')),
      ),
    );
    machine.start().cancel();
    expect(machine.history).toEqual([
      ...['start', 's', 't'],
      ...['a (cancelled)', 'inner (cancelled)', 'sub (cancelled)'],
    ]);
    expect(machine.ended).toBe('cancelled');
    expect(machine.state.nodes).toEqual([]);
  });
});
