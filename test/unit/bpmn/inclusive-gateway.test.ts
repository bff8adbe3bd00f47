import { describe, expect, it } from 'vitest';
import {
  end,
  exclusive,
  flow,
  flows,
  inclusive,
  parallel,
  start,
  subProcess,
  task,
} from '../../support/bpmn/model.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.4.3; https://docs.camunda.org/manual/7.24/reference/bpmn20/gateways/inclusive-gateway/
describe('an inclusive gateway', () => {
  const forkAndJoin = [
    ...[start(), inclusive('fork', 'c'), task('a'), task('b'), task('c'), inclusive('join')],
    ...[task('after'), end(), flows('start', 'fork')],
    ...[flow('fork', 'a', 'x > 1'), flow('fork', 'b', 'x > 2'), flow('fork', 'c')],
    ...[flows('a', 'join', 'after', 'end'), flows('b', 'join'), flows('c', 'join')],
  ];

  it('takes every flow whose condition holds', async () => {
    expect((await machineFor(...forkAndJoin)).start({ x: 3 }).tasks).toEqual(['a', 'b']);
    expect((await machineFor(...forkAndJoin)).start({ x: 2 }).tasks).toEqual(['a']);
  });

  it('takes its default flow only when no condition holds', async () => {
    expect((await machineFor(...forkAndJoin)).start({ x: 0 }).tasks).toEqual(['c']);
  });

  it('takes a flow without a condition beside those whose condition holds', async () => {
    const machine = await machineFor(
      ...[start(), inclusive('fork'), task('a'), task('b'), end(), flows('start', 'fork')],
      ...[flow('fork', 'a'), flow('fork', 'b', 'true'), flows('a', 'end'), flows('b', 'end')],
    );
    expect(machine.start().tasks).toEqual(['a', 'b']);
  });

  it('fails the step when no condition holds and it has no default flow', async () => {
    const machine = await machineFor(
      ...[start(), inclusive('fork'), task('a'), end(), flows('start', 'fork')],
      ...[flow('fork', 'a', 'false'), flows('a', 'end')],
    );
    expect(() => machine.start()).toThrow(
      "ENGINE-02004 No outgoing sequence flow for the element with id 'fork' could be selected for continuing the process.",
    );
  });

  it('joins: it waits for every token that can still come, and for no more', async () => {
    const machine = (await machineFor(...forkAndJoin)).start({ x: 3 }).complete('b');
    expect(machine.tasks).toEqual(['a']);
    expect(machine.complete('a').tasks).toEqual(['after']);
    expect(machine.complete('after').ended).toBe('completed');
  });

  it('continues at once when only one of its flows has got a token', async () => {
    expect((await machineFor(...forkAndJoin)).start({ x: 2 }).complete('a').tasks).toEqual([
      'after',
    ]);
  });

  it('waits for tokens that are on their way to it within the same step', async () => {
    const pass = (id: string) => `<task id="${id}" />`;
    const machine = await machineFor(
      ...[start(), parallel('fork'), pass('a'), pass('b'), pass('c'), inclusive('join'), end()],
      ...[flows('start', 'fork', 'a', 'join', 'end'), flows('fork', 'b', 'c', 'join')],
    );
    expect(machine.start().ended).toBe('completed');
    expect(machine.history).toEqual([...['start', 'fork', 'a', 'b', 'c', 'join', 'join', 'end']]);
  });

  it('does not wait for a token that can never come to it', async () => {
    const machine = await machineFor(
      ...[start(), parallel('fork'), task('a'), task('aside'), inclusive('join'), task('after')],
      ...[
        end(),
        flows('start', 'fork', 'a', 'join', 'after', 'end'),
        flows('fork', 'aside', 'end'),
      ],
    );
    expect(machine.start().complete('a').tasks).toEqual(['aside', 'after']);
  });

  it('waits for a token within a sub-process that leads to it', async () => {
    const machine = await machineFor(
      ...[start(), parallel('fork'), task('a'), inclusive('join'), task('after'), end()],
      subProcess('sub', start('s'), task('inner'), end('e'), flows('s', 'inner', 'e')),
      ...[flows('start', 'fork', 'a', 'join', 'after', 'end'), flows('fork', 'sub', 'join')],
    );
    expect(machine.start().complete('a').tasks).toEqual(['inner']);
    expect(machine.complete('inner').tasks).toEqual(['after']);
  });

  // Camunda asks only when a token comes to the gateway, not when another one ends.
  it('is not asked again when the token that it waits for ends elsewhere', async () => {
    const machine = await machineFor(
      ...[start(), parallel('fork'), task('a'), task('b'), exclusive('either', 'aside')],
      ...[inclusive('join'), task('after'), end(), end('aside')],
      ...[flows('start', 'fork', 'a', 'join', 'after', 'end'), flows('fork', 'b', 'either')],
      ...[flow('either', 'join', 'false'), flow('either', 'aside')],
    );
    machine.start().complete('a').complete('b');
    expect(machine.open).toEqual(['join']);
    expect(machine.ended).toBeNull();
  });
});
