import { describe, expect, it } from 'vitest';
import { end, eventBased, flows, start, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  catches,
  eventSubProcess,
  messageEvent,
  signalEvent,
  startOn,
  throws,
} from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

const ASYNC_THROW = throws(
  'tell',
  signalEvent('go').replace(
    '<signalEventDefinition',
    '<signalEventDefinition camunda:async="true"',
  ),
);
const CATCHING = [
  ...[start(), catches('on', signalEvent('go')), task('work'), end()],
  flows('start', 'on', 'work', 'end'),
];

// https://docs.camunda.org/manual/7.24/reference/bpmn20/events/signal-events/, camunda:async
describe('a signal that is delivered by a job', () => {
  it('is taken when its job runs, with its variables', async () => {
    const machine = (await machineFor(...CATCHING))
      .start()
      .signal('go', { x: 1 }, { byJob: 'all' });
    expect(machine.waits).toEqual(['signal go', 'job on']);
    expect(machine.variables).toEqual({});
    machine.runJobs();
    expect(machine.tasks).toEqual(['work']);
    expect(machine.waits).toEqual([]);
    expect(machine.variables).toEqual({ x: 1 });
  });

  it('is nothing to what waits no more when its job runs', async () => {
    const machine = await machineFor(
      ...[start(), eventBased('which'), catches('on', signalEvent('go')), task('work'), end()],
      ...[catches('off', messageEvent('stop')), task('stopped'), flows('start', 'which', 'on')],
      ...[flows('on', 'work', 'end'), flows('which', 'off', 'stopped', 'end')],
    );
    machine.start().signal('go', {}, { byJob: 'all' });
    expect(machine.message('stop').waits).toEqual([]);
    expect(machine.tasks).toEqual(['stopped']);
  });

  it('is taken once by an event that two such jobs are for', async () => {
    const machine = (await machineFor(...CATCHING)).start();
    machine.signal('go', {}, { byJob: 'all' }).signal('go', {}, { byJob: 'all' });
    expect(machine.waits).toEqual(['signal go', 'job on', 'job on']);
    machine.runJobs();
    expect(machine.tasks).toEqual(['work']);
  });

  it('has three attempts at once, whatever the retry cycle of anything', async () => {
    const machine = (await machineFor(...CATCHING)).start().signal('go', {}, { byJob: 'all' });
    expect(machine.failJob('on', { retries: 3 })).toEqual({ retries: 2, due: null });
  });

  it('is given to some of those that wait for it', async () => {
    const machine = await machineFor(
      ...[start(), task('wait'), end(), flows('start', 'wait', 'end')],
      ...[boundary('a', 'wait', signalEvent('go'), false), task('got-a'), flows('a', 'got-a')],
      eventSubProcess(
        'handler',
        startOn('s', signalEvent('go'), false),
        ...[task('got-s'), end('e'), flows('s', 'got-s', 'e')],
      ),
    );
    const [first] = machine.start().state.waits;
    machine.signal('go', {}, { waits: [Number(first?.id)] });
    expect(machine.tasks).toHaveLength(2);
    expect(machine.signal('go', {}, { waits: [] }).tasks).toHaveLength(2);
  });
});

describe('a signal that is thrown with camunda:async', () => {
  it('reaches intermediate events by jobs and without variables, all others at once', async () => {
    const machine = await machineFor(
      ...[start(), catches('on', signalEvent('go')), task('work'), end()],
      ...[flows('start', 'on', 'work', 'end'), task('beside'), flows('start', 'beside', 'end')],
      ...[boundary('b', 'beside', signalEvent('go'), false), task('got'), flows('b', 'got')],
    );
    machine.start().signal('go', { x: 1 }, { byJob: 'caught' });
    expect([...machine.tasks].sort()).toEqual(['beside', 'got']);
    expect(machine.variables).toEqual({ x: 1 });
    machine.setVariables({ x: 2 }).runJobs();
    expect([...machine.tasks].sort()).toEqual(['beside', 'got', 'work']);
    expect(machine.variables).toEqual({ x: 2 });
  });

  it('is so for its own instance, and for the others', async () => {
    const machine = await machineFor(
      ...[start(), ASYNC_THROW, end(), flows('start', 'tell', 'end')],
      ...[catches('on', signalEvent('go')), task('work'), flows('start', 'on', 'work', 'end')],
    );
    machine.start();
    expect(machine.effectsOf('signal')).toMatchObject([{ name: 'go', async: true }]);
    expect(machine.history).not.toContain('on');
  });
});
