import { describe, expect, it } from 'vitest';
import { end, flow, flows, start, task } from '../../support/bpmn/model.ts';
import { taskWith } from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.3.1; https://docs.camunda.org/manual/7.24/reference/bpmn20/gateways/sequence-flow/
describe('an activity with several outgoing flows', () => {
  const process = (attributes: string, ...leaving: string[]) => [
    ...[start(), taskWith('work', '', attributes), task('a'), task('b'), task('c'), end()],
    ...[flows('start', 'work'), flows('a', 'end'), flows('b', 'end'), flows('c', 'end')],
    ...leaving,
  ];
  const run = async (elements: string[], variables = {}) =>
    (await machineFor(...elements)).start(variables).complete('work');

  it('takes every flow without a condition', async () => {
    const machine = await run(process('', flow('work', 'a'), flow('work', 'b')));
    expect(machine.tasks).toEqual(['a', 'b']);
  });

  it('takes every flow whose condition holds, beside those without one', async () => {
    const machine = await run(
      process('', flow('work', 'a', 'x > 1'), flow('work', 'b', 'x > 2'), flow('work', 'c')),
      { x: 2 },
    );
    expect(machine.tasks).toEqual(['a', 'c']);
  });

  const withDefault = process(
    'default="work_to_c"',
    ...[flow('work', 'a', 'x > 1'), flow('work', 'b', 'x > 2'), flow('work', 'c')],
  );

  it('takes its default flow only when no other is taken', async () => {
    expect((await run(withDefault, { x: 0 })).tasks).toEqual(['c']);
    expect((await run(withDefault, { x: 3 })).tasks).toEqual(['a', 'b']);
  });

  it('does not ask the condition of a default flow', async () => {
    const machine = await run(
      process('default="work_to_b"', flow('work', 'a', 'false'), flow('work', 'b', 'false')),
    );
    expect(machine.tasks).toEqual(['b']);
  });

  it('cannot be left when no condition holds and it has no default flow, and stays open', async () => {
    const machine = (await machineFor(...process('', flow('work', 'a', 'false')))).start();
    expect(() => machine.complete('work', { x: 1 })).toThrow(
      "ENGINE-02006 No conditional sequence flow leaving the Flow Node 'work' could be selected for continuing the process.",
    );
    expect(machine.tasks).toEqual(['work']);
    expect(machine.variables).toEqual({});
  });

  it('asks the condition of its only flow, too', async () => {
    expect((await run(process('', flow('work', 'a', 'x')), { x: true })).tasks).toEqual(['a']);
  });

  it.each<[what: string, condition: string, variables: object, message: string]>([
    ['gives null', 'x', { x: null }, 'condition expression returns null'],
    ['gives no Boolean', 'x', { x: 'true' }, 'condition expression returns non-Boolean'],
    ['has an unknown variable', 'y', {}, "Cannot resolve identifier 'y'"],
  ])('cannot be left when a condition %s', async (_what, condition, variables, message) => {
    const machine = await machineFor(...process('', flow('work', 'a', condition)));
    machine.start({ ...variables });
    expect(() => machine.complete('work')).toThrow(message);
  });
});
