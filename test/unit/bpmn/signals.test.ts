import { describe, expect, it } from 'vitest';
import { end, flows, start, subProcess, task, terminate } from '../../support/bpmn/model.ts';
import {
  boundary,
  catches,
  endsWith,
  eventSubProcess,
  extension,
  signalEvent,
  startOn,
  throws,
} from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 10.5.5.9; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/signal-events/
describe('a signal', () => {
  it('reaches all that waits for it in an instance, with its variables', async () => {
    const machine = await machineFor(
      ...[start(), catches('a', signalEvent('go')), task('b'), task('c'), end()],
      ...[boundary('on', 'b', signalEvent('go')), flows('start', 'a', 'end')],
      ...[flows('start', 'b', 'end'), flows('on', 'c', 'end')],
      eventSubProcess(
        'handler',
        startOn('s', signalEvent('go'), false),
        task('d'),
        flows('s', 'd'),
      ),
    );
    machine.start().signal('go', { x: 1 });
    expect([...machine.tasks].sort()).toEqual(['c', 'd']);
    expect(machine.history).toEqual(expect.arrayContaining(['a', 'b (cancelled)', 'on', 's']));
    expect(machine.variables).toEqual({ x: 1 });
  });

  // Outside of a command each receiver of a signal is run until it waits before the next one has it.
  it('runs what waits for it in the order in which it began to wait, each until it waits again', async () => {
    const machine = await machineFor(
      ...[start(), catches('a', signalEvent('go')), catches('b', signalEvent('go')), end()],
      ...[task('after-a'), task('after-b'), flows('start', 'a', 'after-a', 'end')],
      flows('start', 'b', 'after-b', 'end'),
    );
    expect(machine.start().signal('go').tasks).toEqual(['after-a', 'after-b']);
    expect(machine.history).toEqual(['start', 'a', 'b']);
  });

  it('does not reach what another receiver has cancelled', async () => {
    const machine = await machineFor(
      ...[start(), catches('a', signalEvent('go')), catches('b', signalEvent('go')), end()],
      ...[terminate('stop'), flows('start', 'a', 'stop'), flows('start', 'b', 'end')],
    );
    machine.start().signal('go');
    expect(machine.history).toEqual(['start', 'a', 'b (cancelled)', 'stop']);
  });

  it('that nothing waits for changes nothing', async () => {
    const machine = await machineFor(
      ...[start(), catches('a', signalEvent('go')), end(), flows('start', 'a', 'end')],
    );
    machine.start().signal('other', { x: 1 });
    expect(machine.effects).toEqual([]);
    expect(machine.variables).toEqual({});
  });

  it('is thrown to its own instance at once, and to all others as an effect', async () => {
    const machine = await machineFor(
      ...[start(), throws('tell', signalEvent('go')), task('after'), end()],
      ...[catches('a', signalEvent('go')), task('b'), flows('start', 'a', 'b', 'end')],
      flows('start', 'tell', 'after', 'end'),
    );
    machine.start();
    expect([...machine.tasks].sort()).toEqual(['after', 'b']);
    expect(machine.effectsOf('signal')).toEqual([{ kind: 'signal', name: 'go', variables: {} }]);
  });

  it('is thrown by an end event, too', async () => {
    const machine = await machineFor(
      ...[start(), endsWith('last', signalEvent('go')), flows('start', 'last')],
    );
    expect(machine.start().effectsOf('signal')).toHaveLength(1);
    expect(machine.ended).toBe('completed');
  });

  // https://docs.camunda.org/manual/7.24/reference/bpmn20/events/signal-events/#pass-variables
  it('takes the variables with it that its payload names, and no others', async () => {
    const payload = extension(
      '<camunda:in source="x" target="y" /><camunda:in sourceExpression="#{x + 1}" target="z" />',
    );
    const machine = await machineFor(
      ...[
        start(),
        throws('tell', signalEvent('go', payload)),
        end(),
        flows('start', 'tell', 'end'),
      ],
    );
    expect(machine.start({ x: 1 }).effectsOf('signal')).toMatchObject([
      { variables: { y: { value: 1 }, z: { value: 2 } } },
    ]);
  });

  it('has the name that its expression gives, where it is thrown and where it is caught', async () => {
    const machine = await machineFor(
      ...[start(), catches('a', signalEvent('go-#{n}')), throws('tell', signalEvent('stop-#{n}'))],
      ...[end(), flows('start', 'a', 'tell', 'end')],
    );
    expect(machine.start({ n: 1 }).waits).toEqual(['signal go-1']);
    expect(machine.signal('go-1').effectsOf('signal')).toMatchObject([{ name: 'stop-1' }]);
  });

  it('that interrupts the sub-process it is thrown in cancels the event that throws it', async () => {
    const machine = await machineFor(
      ...[start(), task('handle'), end(), flows('start', 'sub', 'end')],
      subProcess(
        'sub',
        ...[
          start('s'),
          throws('tell', signalEvent('go')),
          task('next'),
          flows('s', 'tell', 'next'),
        ],
      ),
      ...[boundary('on', 'sub', signalEvent('go')), flows('on', 'handle', 'end')],
    );
    machine.start();
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.history).toContain('tell (cancelled)');
  });
});
