import { describe, expect, it } from 'vitest';
import {
  bpmnFile,
  end,
  flows,
  start,
  subProcess,
  task,
  terminate,
} from '../../support/bpmn/model.ts';
import {
  boundary,
  callActivity,
  eventSubProcess,
  signalEvent,
  startOn,
} from '../../support/bpmn/notation.ts';
import { machineFor, machineForFile } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 13.5.6; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/terminate-event/
describe('a terminate end event', () => {
  it('cancels all that runs in its process instance, which is completed', async () => {
    const machine = await machineFor(
      ...[start(), task('a'), task('b'), terminate('stop'), end()],
      ...[flows('start', 'a', 'stop'), flows('start', 'b', 'end')],
    );
    machine.start().complete('a');
    expect(machine.history).toEqual(['start', 'a', 'b (cancelled)', 'stop']);
    expect(machine.ended).toBe('completed');
    expect(machine.state).toMatchObject({ nodes: [], waits: [] });
  });

  const inSub = [
    ...[start(), task('beside'), task('after'), end()],
    ...[flows('start', 'sub', 'after', 'end'), flows('start', 'beside', 'end')],
    subProcess(
      'sub',
      ...[start('s'), task('a'), task('b'), terminate('stop')],
      ...[flows('s', 'a', 'stop'), flows('s', 'b')],
    ),
  ];

  it('in a sub-process ends only that, which continues by its flow', async () => {
    const machine = (await machineFor(...inSub)).start().complete('a');
    expect(machine.tasks).toEqual(['beside', 'after']);
    expect(machine.history).toEqual(['start', 's', 'a', 'b (cancelled)', 'stop', 'sub']);
  });

  it('ends what its scope waits for', async () => {
    const machine = await machineFor(
      ...inSub,
      ...[boundary('on', 'sub', signalEvent('go'), false), flows('on', 'end')],
    );
    machine.start().complete('a');
    expect(machine.waits).toEqual([]);
  });

  it('in an event sub-process that does not interrupt ends only that', async () => {
    const machine = await machineFor(
      ...[start(), task('work'), end(), flows('start', 'work', 'end')],
      eventSubProcess(
        'handler',
        ...[startOn('on', signalEvent('go'), false), task('a'), task('b'), terminate('stop')],
        ...[flows('on', 'a', 'stop'), flows('on', 'b')],
      ),
    );
    machine.start().signal('go').complete('a');
    expect(machine.tasks).toEqual(['work']);
    expect(machine.history.slice(-3)).toEqual(['b (cancelled)', 'stop', 'handler']);
  });

  it('in a called process ends only that: the caller continues', async () => {
    const file = bpmnFile({
      caller: [
        ...[start(), callActivity('call', 'called'), task('after'), end()],
        flows('start', 'call', 'after', 'end'),
      ],
      called: [
        ...[start('s'), task('a'), task('b'), terminate('stop')],
        ...[flows('s', 'a', 'stop'), flows('s', 'b')],
      ],
    });
    const machine = (await machineForFile(file)).start().complete('a');
    expect(machine.tasks).toEqual(['after']);
    expect(machine.effectsOf('instance-ended')).toMatchObject([
      { id: 'called-1', how: 'completed' },
    ]);
  });

  // PvmAtomicOperationsTransitionInterruptFlowScope comes before the job of an asynchronous activity is made.
  it('that is entered by a job cancels the rest before the job runs', async () => {
    const machine = await machineFor(
      ...[start(), task('a'), task('b'), end()],
      terminate('stop').replace('<endEvent', '<endEvent camunda:asyncBefore="true"'),
      ...[flows('start', 'a', 'stop'), flows('start', 'b', 'end')],
    );
    machine.start().complete('a');
    expect(machine.tasks).toEqual([]);
    expect(machine.waits).toEqual(['job stop']);
    expect(machine.runJobs().ended).toBe('completed');
  });
});
