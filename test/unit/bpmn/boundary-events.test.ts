import { describe, expect, it } from 'vitest';
import { bpmnFile, end, flows, start, subProcess, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  callActivity,
  loop,
  messageEvent,
  signalEvent,
  taskWith,
  timerEvent,
} from '../../support/bpmn/notation.ts';
import { machineFor, machineForFile } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.5.3; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/
describe('a boundary event', () => {
  const process = (event: string, work = task('work')) => [
    ...[start(), work, task('handle'), task('after'), end(), event],
    ...[flows('start', 'work', 'after', 'end'), flows('on', 'handle', 'end')],
  ];

  it('that interrupts cancels its activity, and continues by its own flow', async () => {
    const machine = await machineFor(...process(boundary('on', 'work', messageEvent('stop'))));
    expect(machine.start().waits).toEqual(['message stop']);
    machine.message('stop', { why: 'late' });
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.history).toEqual(['start', 'work (cancelled)', 'on']);
    expect(machine.variables).toEqual({ why: 'late' });
    expect(machine.effectsOf('task-closed')).toHaveLength(1);
  });

  it('that does not interrupt starts a path beside its activity, as often as it comes', async () => {
    const machine = await machineFor(
      ...process(boundary('on', 'work', messageEvent('news'), false)),
    );
    machine.start().message('news').message('news');
    expect(machine.tasks).toEqual(['work', 'handle', 'handle']);
    expect(machine.waits).toEqual(['message news']);
    machine.complete('work').complete('after').complete('handle');
    expect(machine.ended).toBeNull();
    expect(machine.complete('handle').ended).toBe('completed');
  });

  it('is awaited only while its activity is open', async () => {
    const machine = await machineFor(...process(boundary('on', 'work', signalEvent('stop'))));
    machine.start().complete('work').signal('stop');
    expect(machine.tasks).toEqual(['after']);
    expect(machine.effects).toEqual([]);
  });

  it('is one of several at an activity: one that interrupts ends the others', async () => {
    const machine = await machineFor(
      ...process(boundary('on', 'work', messageEvent('stop'))),
      boundary('late', 'work', timerEvent('PT1H')),
      ...[boundary('news', 'work', signalEvent('news'), false), flows('late', 'end')],
      flows('news', 'end'),
    );
    machine.start();
    expect(machine.waits).toHaveLength(3);
    machine.signal('news');
    expect(machine.waits).toHaveLength(3);
    machine.message('stop');
    expect(machine.waits).toEqual([]);
    expect(machine.tasks).toEqual(['handle']);
  });

  it('at a sub-process cancels all that runs in it', async () => {
    const sub = subProcess(
      'work',
      start('s'),
      task('a'),
      task('b'),
      flows('s', 'a'),
      flows('s', 'b'),
    );
    const machine = await machineFor(...process(boundary('on', 'work', messageEvent('stop')), sub));
    machine.start().message('stop');
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.history).toEqual([
      ...['start', 's', 'a (cancelled)', 'b (cancelled)', 'work (cancelled)', 'on'],
    ]);
  });

  it('at a call activity cancels the process instance that it has called', async () => {
    const file = bpmnFile({
      caller: process(boundary('on', 'work', messageEvent('stop')), callActivity('work', 'called')),
      called: [start('s'), task('inner'), end('e'), flows('s', 'inner', 'e')],
    });
    const machine = (await machineForFile(file)).start().message('stop');
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.effectsOf('instance-ended')).toMatchObject([
      { id: 'called-1', how: 'cancelled' },
    ]);
  });

  // https://docs.camunda.org/manual/7.24/reference/bpmn20/tasks/task-markers/#boundary-events-and-multi-instance
  it('at a multi-instance activity belongs to all instances together', async () => {
    const machine = await machineFor(
      ...process(
        boundary('on', 'work', messageEvent('stop')),
        taskWith('work', loop({ cardinality: '3' })),
      ),
    );
    machine.start();
    expect(machine.waits).toEqual(['message stop']);
    machine.complete('work').message('stop');
    expect(machine.tasks).toEqual(['handle']);
    expect(machine.history.slice(1)).toEqual([
      ...[
        'work',
        'work (cancelled)',
        'work (cancelled)',
        'work#multiInstanceBody (cancelled)',
        'on',
      ],
    ]);
  });

  it('makes its activity a scope, so that a local variable of a message stays with the activity', async () => {
    const machine = await machineFor(
      ...process(boundary('on', 'work', messageEvent('news'), false)),
    );
    machine.start().message('news', {}, { text: 'hi' });
    expect(machine.variablesAt('work', { local: true })).toEqual({ text: 'hi' });
    expect(machine.variablesAt('handle')).toEqual({});
  });
});
