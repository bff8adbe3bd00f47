import { describe, expect, it } from 'vitest';
import { end, exclusive, flow, flows, start, task } from '../../support/bpmn/model.ts';
import { catches, linkEvent, throws } from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 10.5.5.7; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/link-events/
describe('a link', () => {
  it('continues where its name is caught', async () => {
    const machine = await machineFor(
      ...[start(), throws('leap', linkEvent('far')), catches('land', linkEvent('far')), task('a')],
      ...[end(), flows('start', 'leap'), flows('land', 'a', 'end')],
    );
    expect(machine.start().tasks).toEqual(['a']);
    // As in Camunda, neither of the two events is in the history.
    expect(machine.history).toEqual(['start']);
  });

  it('can be thrown in several places, of which each continues where it is caught', async () => {
    const machine = await machineFor(
      ...[start(), exclusive('either', 'b'), throws('a', linkEvent('far')), task('b')],
      ...[throws('c', linkEvent('far')), catches('land', linkEvent('far')), task('after'), end()],
      ...[flows('start', 'either'), flow('either', 'a', 'x'), flow('either', 'b'), flows('b', 'c')],
      flows('land', 'after', 'end'),
    );
    expect(machine.start({ x: true }).tasks).toEqual(['after']);
    const other = await machineFor(
      ...[start(), task('b'), throws('c', linkEvent('far')), catches('land', linkEvent('far'))],
      ...[task('after'), end(), flows('start', 'b', 'c'), flows('land', 'after', 'end')],
    );
    expect(other.start().complete('b').tasks).toEqual(['after']);
  });
});
