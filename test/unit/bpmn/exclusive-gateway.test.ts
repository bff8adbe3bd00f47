import { describe, expect, it } from 'vitest';
import { end, exclusive, flow, flows, start, task } from '../../support/bpmn/model.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.4.2; https://docs.camunda.org/manual/7.24/reference/bpmn20/gateways/exclusive-gateway/
describe('an exclusive gateway', () => {
  const process = (otherwise?: string) => [
    ...[start(), exclusive('which', otherwise), task('small'), task('large'), end()],
    ...[flows('start', 'which'), flows('small', 'end'), flows('large', 'end')],
    flow('which', 'small', 'amount < 10'),
    otherwise === 'large' ? flow('which', 'large') : flow('which', 'large', 'amount < 100'),
  ];

  it('takes the first flow whose condition holds, in the order of the file, and no other', async () => {
    const machine = (await machineFor(...process())).start({ amount: 5 });
    expect(machine.tasks).toEqual(['small']);
    expect(machine.history).toEqual(['start', 'which']);
  });

  it('takes a later flow when the conditions before it do not hold', async () => {
    expect((await machineFor(...process())).start({ amount: 50 }).tasks).toEqual(['large']);
  });

  it('takes its default flow when no condition holds', async () => {
    expect((await machineFor(...process('large'))).start({ amount: 500 }).tasks).toEqual(['large']);
  });

  it('fails the step when no condition holds and it has no default flow', async () => {
    const machine = await machineFor(...process());
    expect(() => machine.start({ amount: 500 })).toThrow(
      "ENGINE-02004 No outgoing sequence flow for the element with id 'which' could be selected for continuing the process.",
    );
  });

  it('lets every token through by itself: it does not wait for others', async () => {
    const machine = await machineFor(
      ...[start(), task('a'), task('b'), exclusive('merge'), task('after'), end()],
      ...[flows('start', 'a', 'merge', 'after', 'end'), flows('start', 'b', 'merge')],
    );
    machine.start().complete('a').complete('b');
    expect(machine.tasks).toEqual(['after', 'after']);
    machine.complete('after');
    expect(machine.ended).toBeNull();
    expect(machine.complete('after').ended).toBe('completed');
  });
});
