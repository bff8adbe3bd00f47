import { describe, expect, it } from 'vitest';
import { end, flows, start, subProcess, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  errorEvent,
  eventSubProcess,
  messageEvent,
  signalEvent,
  startOn,
  timerEvent,
} from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

const HOUR = 3_600_000;

// BPMN 2.0.2, 13.3.4 and 13.5.4; https://docs.camunda.org/manual/7.24/reference/bpmn20/subprocesses/event-subprocess/
describe('an event sub-process', () => {
  const handling = (definition: string, interrupting = true) =>
    eventSubProcess(
      'handler',
      ...[startOn('on', definition, interrupting), task('handle'), end('handled')],
      flows('on', 'handle', 'handled'),
    );
  const process = (definition: string, interrupting = true) => [
    ...[start(), task('work'), end(), flows('start', 'work', 'end')],
    handling(definition, interrupting),
  ];

  it('that interrupts cancels what runs around it, and ends its scope when it ends', async () => {
    const machine = await machineFor(...process(messageEvent('stop')));
    expect(machine.start().waits).toEqual(['message stop']);
    machine.message('stop', { why: 'late' });
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.waits).toEqual([]);
    expect(machine.variables).toEqual({ why: 'late' });
    machine.complete('handle');
    expect(machine.history).toEqual([
      ...['start', 'work (cancelled)', 'on', 'handle', 'handled', 'handler'],
    ]);
    expect(machine.ended).toBe('completed');
  });

  it('that does not interrupt runs beside the rest, as often as its event comes', async () => {
    const machine = (await machineFor(...process(messageEvent('news'), false))).start();
    machine.message('news').message('news');
    expect(machine.tasks).toEqual(['work', 'handle', 'handle']);
    expect(machine.waits).toEqual(['message news']);
  });

  it('that does not interrupt holds its scope open until it ends', async () => {
    const machine = (await machineFor(...process(signalEvent('news'), false))).start();
    machine.signal('news').complete('work');
    expect(machine.ended).toBeNull();
    expect(machine.complete('handle').ended).toBe('completed');
  });

  it('is awaited only while its scope is open', async () => {
    const machine = (await machineFor(...process(messageEvent('stop')))).start().complete('work');
    expect(machine.ended).toBe('completed');
    expect(machine.waits).toEqual([]);
  });

  it('starts by a timer that runs from the beginning of its scope', async () => {
    const machine = (await machineFor(...process(timerEvent('PT1H')))).start();
    expect(machine.advance(HOUR).tasks).toEqual(['handle']);
  });

  it('starts by an error in its scope before a boundary event of the scope does', async () => {
    const machine = await machineFor(
      ...[start(), end(), flows('start', 'sub', 'end')],
      subProcess(
        'sub',
        ...[start('s'), task('work'), end('e'), flows('s', 'work', 'e'), handling(errorEvent())],
      ),
      ...[
        boundary('failed', 'sub', errorEvent('BAD')),
        task('outside'),
        flows('failed', 'outside'),
      ],
    );
    machine.start().throwError('work', 'BAD');
    expect(machine.tasks).toEqual(['handle']);
  });

  it('that interrupts a sub-process leaves the rest alone, and the sub-process continues after it', async () => {
    const machine = await machineFor(
      ...[start(), task('beside'), task('after'), end()],
      ...[flows('start', 'sub', 'after', 'end'), flows('start', 'beside', 'end')],
      subProcess(
        'sub',
        ...[start('s'), task('work'), end('e'), flows('s', 'work', 'e')],
        handling(messageEvent('stop')),
      ),
    );
    machine.start().message('stop');
    expect(machine.tasks).toEqual(['beside', 'handle']);
    expect(machine.complete('handle').tasks).toEqual(['beside', 'after']);
  });

  // ExecutionEntity.interrupt removes all jobs and event subscriptions of the scope.
  it('that interrupts ends what its scope waits for, boundary events included', async () => {
    const machine = await machineFor(
      ...[start(), end(), flows('start', 'sub', 'end')],
      subProcess(
        'sub',
        ...[start('s'), task('work'), end('e'), flows('s', 'work', 'e')],
        handling(messageEvent('stop')),
        handling(signalEvent('other'), false)
          .replaceAll(/id="(\w+)"/g, 'id="$1-2"')
          .replaceAll(/Ref="(on|handle|handled)"/g, 'Ref="$1-2"'),
      ),
      ...[boundary('late', 'sub', timerEvent('PT1H')), flows('late', 'end')],
    );
    machine.start();
    expect(machine.waits).toHaveLength(3);
    machine.message('stop');
    expect(machine.waits).toEqual([]);
    expect(machine.tasks).toEqual(['handle']);
  });

  it('has variables that those in it see, as any sub-process', async () => {
    const machine = (await machineFor(...process(messageEvent('stop')))).start({ x: 1 });
    machine.message('stop', {}, { local: 2 });
    expect(machine.variablesAt('handle')).toMatchObject({ x: 1, local: 2 });
  });
});
