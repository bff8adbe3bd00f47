import { describe, expect, it } from 'vitest';
import { end, exclusive, flow, flows, parallel, start, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  eventSubProcess,
  loop,
  messageEvent,
  startOn,
  taskWith,
} from '../../support/bpmn/notation.ts';
import { machineFor, START_TIME } from '../../support/bpmn-machine.ts';

const BEFORE = 'camunda:asyncBefore="true"';
const AFTER = 'camunda:asyncAfter="true"';

// https://docs.camunda.org/manual/7.24/user-guide/process-engine/transactions-in-processes/#asynchronous-continuations
describe('an asynchronous continuation', () => {
  const process = (attributes: string, inner = '') => [
    ...[start(), taskWith('work', inner, attributes), task('after'), end()],
    flows('start', 'work', 'after', 'end'),
  ];

  it('before an activity waits for a job, which begins it', async () => {
    const machine = (await machineFor(...process(BEFORE))).start();
    expect(machine.state.waits).toMatchObject([{ kind: 'job', due: START_TIME }]);
    expect(machine.tasks).toEqual([]);
    expect(machine.history).toEqual(['start']);
    machine.runJobs();
    expect(machine.tasks).toEqual(['work']);
    expect(machine.waits).toEqual([]);
  });

  it('after an activity waits for a job when the activity has ended, which continues', async () => {
    const machine = (await machineFor(...process(AFTER))).start().complete('work');
    expect(machine.history).toEqual(['start', 'work']);
    expect(machine.waits).toEqual(['job work']);
    expect(machine.tasks).toEqual([]);
    expect(machine.runJobs().tasks).toEqual(['after']);
  });

  it('can be both before and after', async () => {
    const machine = (await machineFor(...process(`${BEFORE} ${AFTER}`))).start().runJobs();
    expect(machine.complete('work').waits).toEqual(['job work']);
    expect(machine.runJobs().tasks).toEqual(['after']);
  });

  it('after an end event ends the path by a job', async () => {
    const machine = await machineFor(
      ...[start(), end().replace('/>', `${AFTER} />`), flows('start', 'end')],
    );
    expect(machine.start().history).toEqual(['start', 'end']);
    expect(machine.ended).toBeNull();
    expect(machine.runJobs().ended).toBe('completed');
  });

  it('takes the flow that was chosen when the activity was left', async () => {
    const machine = await machineFor(
      ...[start(), taskWith('work', '', AFTER), task('a'), task('b'), end()],
      ...[flows('start', 'work'), flow('work', 'a', 'x'), flow('work', 'b', '!x')],
      ...[flows('a', 'end'), flows('b', 'end')],
    );
    machine.start({ x: true }).complete('work').setVariables({ x: false }).runJobs();
    expect(machine.tasks).toEqual(['a']);
  });

  it('before an exclusive gateway asks the conditions when its job runs', async () => {
    const machine = await machineFor(
      ...[start(), exclusive('which', 'b').replace('/>', `${BEFORE} />`), task('a'), task('b')],
      ...[end(), flows('start', 'which'), flow('which', 'a', 'x'), flow('which', 'b')],
      ...[flows('a', 'end'), flows('b', 'end')],
    );
    machine.start({ x: false }).setVariables({ x: true }).runJobs();
    expect(machine.tasks).toEqual(['a']);
  });

  it('makes a job for each path after a parallel gateway', async () => {
    const machine = await machineFor(
      ...[start(), parallel('fork').replace('/>', `${AFTER} />`), task('a'), task('b'), end()],
      ...[flows('start', 'fork', 'a', 'end'), flows('fork', 'b', 'end')],
    );
    expect(machine.start().waits).toEqual(['job fork', 'job fork']);
    expect(machine.runJobs().tasks).toEqual(['a', 'b']);
  });

  it('begins to wait for boundary events only when its job has run', async () => {
    const machine = await machineFor(
      ...process(BEFORE),
      ...[boundary('on', 'work', messageEvent('stop')), flows('on', 'end')],
    );
    expect(machine.start().waits).toEqual(['job work']);
    expect(machine.runJobs().waits).toEqual(['message stop']);
  });

  // https://docs.camunda.org/manual/7.24/user-guide/process-engine/transactions-in-processes/#asynchronous-continuations-of-multi-instance-activities
  it('of a multi-instance activity stands before all instances, one in its loop before each', async () => {
    const around = (await machineFor(...process(BEFORE, loop({ cardinality: '2' })))).start();
    expect(around.waits).toEqual(['job work#multiInstanceBody']);
    expect(around.runJobs().tasks).toEqual(['work', 'work']);
    const within = await machineFor(...process('', loop({ cardinality: '2', attributes: BEFORE })));
    expect(within.start().waits).toEqual(['job work', 'job work']);
    expect(within.runJobs().tasks).toEqual(['work', 'work']);
  });

  it('is cancelled with its scope, and is in no history then', async () => {
    const machine = await machineFor(
      ...process(BEFORE),
      eventSubProcess('handler', startOn('on', messageEvent('stop')), end('e'), flows('on', 'e')),
    );
    machine.start().message('stop');
    expect(machine.waits).toEqual([]);
    expect(machine.history).toEqual(['start', 'on', 'e', 'handler']);
    expect(machine.ended).toBe('completed');
  });
});
