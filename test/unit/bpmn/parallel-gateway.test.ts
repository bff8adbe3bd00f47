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
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.4.1; https://docs.camunda.org/manual/7.24/reference/bpmn20/gateways/parallel-gateway/
describe('a parallel gateway', () => {
  const forkAndJoin = [
    ...[start(), parallel('fork'), task('a'), task('b'), parallel('join'), task('after'), end()],
    ...[flows('start', 'fork', 'a', 'join', 'after', 'end'), flows('fork', 'b', 'join')],
  ];

  it('opens all its paths in the order of their flows', async () => {
    const machine = (await machineFor(...forkAndJoin)).start();
    expect(machine.tasks).toEqual(['a', 'b']);
    expect(machine.history).toEqual(['start', 'fork']);
  });

  it('joins: it continues when a token has come by every flow, whichever comes first', async () => {
    const machine = (await machineFor(...forkAndJoin)).start().complete('b');
    expect(machine.tasks).toEqual(['a']);
    expect(machine.open).toEqual(['a', 'join']);
    machine.complete('a');
    expect(machine.tasks).toEqual(['after']);
    // As in Camunda, the join has one activity instance for each token.
    expect(machine.history).toEqual(['start', 'fork', 'b', 'a', 'join', 'join']);
    expect(machine.complete('after').ended).toBe('completed');
  });

  it('takes every outgoing flow whatever the conditions on them say', async () => {
    const machine = await machineFor(
      ...[start(), parallel('fork'), task('a'), task('b'), end()],
      ...[flows('start', 'fork', 'a', 'end'), flow('fork', 'b', 'false'), flows('b', 'end')],
    );
    expect(machine.start().tasks).toEqual(['a', 'b']);
  });

  it('joins and forks in one', async () => {
    const machine = await machineFor(
      ...[start(), parallel('fork'), task('a'), task('b'), parallel('both')],
      ...[task('c'), task('d'), end()],
      ...[flows('start', 'fork', 'a', 'both', 'c', 'end'), flows('fork', 'b', 'both', 'd', 'end')],
    );
    expect(machine.start().complete('a').complete('b').tasks).toEqual(['c', 'd']);
  });

  it('never continues when one of its flows gets no token', async () => {
    const machine = await machineFor(
      ...[start(), exclusive('either', 'b'), task('a'), task('b'), parallel('join'), end()],
      ...[flows('start', 'either'), flow('either', 'a', 'true'), flow('either', 'b')],
      ...[flows('a', 'join', 'end'), flows('b', 'join')],
    );
    machine.start().complete('a');
    expect(machine.ended).toBeNull();
    expect(machine.open).toEqual(['join']);
  });

  // Camunda counts tokens, and does not look by which flow they have come.
  it('counts tokens: two that come by the same flow are as good as one by each of two flows', async () => {
    const machine = await machineFor(
      ...[start(), parallel('fork'), task('a'), task('b'), task('c'), exclusive('merge')],
      ...[parallel('join'), task('after'), end()],
      ...[flows('start', 'fork', 'a', 'merge', 'join', 'after', 'end')],
      ...[flows('fork', 'b', 'merge'), flows('fork', 'c', 'join')],
    );
    expect(machine.start().complete('a').complete('b').tasks).toEqual(['c', 'after']);
  });

  it('joins only the tokens of its own scope, and of each instance of it by itself', async () => {
    const machine = await machineFor(
      ...[start(), parallel('outer'), end()],
      subProcess(
        'inner',
        ...[start('s'), parallel('fork'), task('a'), task('b'), parallel('join'), end('e')],
        ...[flows('s', 'fork', 'a', 'join', 'e'), flows('fork', 'b', 'join')],
      ),
      ...[
        flows('start', 'outer', 'inner', 'end'),
        flow('outer', 'inner').replace('outer_to', 'o2'),
      ],
    );
    machine.start();
    expect(machine.tasks).toEqual(['a', 'b', 'a', 'b']);
    machine.complete('a').complete('a');
    expect(machine.history).not.toContain('join');
    machine.complete('b');
    expect(machine.history.filter((activity) => activity === 'inner')).toHaveLength(1);
    expect(machine.complete('b').ended).toBe('completed');
  });

  it('with one incoming and one outgoing flow only passes the token on', async () => {
    const machine = await machineFor(
      ...[start(), parallel('pass'), end(), flows('start', 'pass', 'end')],
    );
    expect(machine.start().ended).toBe('completed');
  });
});
