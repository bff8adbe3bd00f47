import { describe, expect, it } from 'vitest';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  cancelEvent,
  endsWith,
  errorEvent,
  transaction,
  undoing,
} from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.3.5; https://docs.camunda.org/manual/7.24/reference/bpmn20/subprocesses/transaction-subprocess/
describe('a transaction', () => {
  const process = (...elements: string[]) => [
    ...[start(), task('after'), task('cancelled'), task('failed'), end()],
    ...[flows('start', 'tx', 'after', 'end'), ...elements],
    transaction(
      'tx',
      ...[start('s'), task('a'), undoing('undo-a', 'a'), task('b'), task('beside'), end('e')],
      ...[endsWith('cancel', cancelEvent()), task('choose'), flows('s', 'a', 'choose', 'e')],
      ...[flows('s', 'beside'), flows('a', 'b', 'cancel')],
    ),
  ];
  const onCancel = [boundary('on', 'tx', cancelEvent()), flows('on', 'cancelled', 'end')];

  it('that succeeds continues by its flow, and undoes nothing', async () => {
    const machine = await machineFor(
      ...[start(), task('after'), task('cancelled'), end(), flows('start', 'tx', 'after', 'end')],
      transaction(
        'tx',
        ...[start('s'), task('a'), undoing('undo-a', 'a'), end('e'), flows('s', 'a', 'e')],
      ),
      ...onCancel,
    );
    expect(machine.start().complete('a').tasks).toEqual(['after']);
  });

  it('that is cancelled stops what runs in it, undoes what has ended, and continues at its cancel event', async () => {
    const machine = await machineFor(...process(...onCancel));
    machine.start().complete('a').complete('b');
    expect(machine.tasks).toEqual(['undo-a']);
    expect([...machine.history].sort()).toEqual(
      ['start', 's', 'a', 'b', 'beside (cancelled)', 'choose (cancelled)'].sort(),
    );
    machine.complete('undo-a');
    expect(machine.tasks).toEqual(['cancelled']);
    expect(machine.history.slice(-4)).toEqual([
      ...['undo-a', 'cancel (cancelled)', 'tx (cancelled)', 'on'],
    ]);
    expect(machine.complete('cancelled').ended).toBe('completed');
  });

  it('that is cancelled with nothing to undo continues at its cancel event at once', async () => {
    const machine = await machineFor(
      ...[start(), task('cancelled'), end(), flows('start', 'tx', 'end'), ...onCancel],
      transaction('tx', start('s'), endsWith('cancel', cancelEvent()), flows('s', 'cancel')),
    );
    expect(machine.start().tasks).toEqual(['cancelled']);
  });

  it('without a cancel event cannot be cancelled', async () => {
    const machine = (await machineFor(...process())).start().complete('a');
    expect(() => machine.complete('b')).toThrow(
      'Could not find cancel boundary event for cancel end event',
    );
    expect(machine.tasks).toContain('b');
  });

  // BPMN 2.0.2, 13.3.5: a hazard is an error that leaves the transaction; nothing is undone.
  it('that an error leaves is ended without being undone', async () => {
    const machine = await machineFor(
      ...process(
        ...onCancel,
        boundary('bad', 'tx', errorEvent('BAD')),
        flows('bad', 'failed', 'end'),
      ),
    );
    machine.start().complete('a').throwError('b', 'BAD');
    expect(machine.tasks).toEqual(['failed']);
    expect(machine.open).toEqual(['failed']);
  });
});
