import { describe, expect, it } from 'vitest';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  catches,
  eventSubProcess,
  startOn,
  timerEvent,
} from '../../support/bpmn/notation.ts';
import { machineFor, START_TIME } from '../../support/bpmn-machine.ts';

const HOUR = 3_600_000;

// BPMN 2.0.2, 10.5.5.10; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/timer-events/
describe('a timer', () => {
  const caught = (definition: string) => [
    ...[start(), catches('pause', definition), end(), flows('start', 'pause', 'end')],
  ];
  const attached = (definition: string, interrupting: boolean) => [
    ...[start(), task('work'), task('remind'), end()],
    boundary('late', 'work', definition, interrupting),
    ...[flows('start', 'work', 'end'), flows('late', 'remind', 'end')],
  ];

  it('of an intermediate event fires when its duration is over', async () => {
    const machine = (await machineFor(...caught(timerEvent('PT1H')))).start();
    expect(machine.state.waits).toMatchObject([{ kind: 'timer', due: START_TIME + HOUR }]);
    expect(machine.advance(HOUR - 1).ended).toBeNull();
    expect(machine.advance(1).ended).toBe('completed');
    expect(machine.history).toEqual(['start', 'pause', 'end']);
  });

  it('with a date fires then, and at once when that is past', async () => {
    const later = await machineFor(...caught(timerEvent('2026-11-30T11:00:00Z', 'timeDate')));
    expect(later.start().state.waits).toMatchObject([{ due: START_TIME + HOUR }]);
    const past = await machineFor(...caught(timerEvent('2001-01-01T00:00:00Z', 'timeDate')));
    expect(past.start().advance(0).ended).toBe('completed');
  });

  it('takes its duration from a variable when it begins to wait', async () => {
    const machine = await machineFor(...caught(timerEvent('#{deadline}')));
    machine.start({ deadline: 'PT2H' }).setVariables({ deadline: 'PT9H' });
    expect(machine.advance(2 * HOUR).ended).toBe('completed');
  });

  it('of an intermediate event fires once, even with a cycle', async () => {
    const machine = (await machineFor(...caught(timerEvent('R3/PT1H', 'timeCycle')))).start();
    expect(machine.advance(HOUR).ended).toBe('completed');
    expect(machine.waits).toEqual([]);
  });

  it('that interrupts an activity cancels it', async () => {
    const machine = (await machineFor(...attached(timerEvent('PT1H'), true))).start();
    expect(machine.advance(HOUR).tasks).toEqual(['remind']);
    expect(machine.history).toEqual(['start', 'work (cancelled)', 'late']);
  });

  it('that does not interrupt fires once without a cycle', async () => {
    const machine = (await machineFor(...attached(timerEvent('PT1H'), false))).start();
    expect(machine.advance(HOUR).tasks).toEqual(['work', 'remind']);
    expect(machine.advance(5 * HOUR).tasks).toEqual(['work', 'remind']);
    expect(machine.waits).toEqual([]);
  });

  it('that does not interrupt fires as often as its cycle says', async () => {
    const cycle = timerEvent('R2/PT1H', 'timeCycle');
    const machine = (await machineFor(...attached(cycle, false))).start();
    expect(machine.advance(HOUR).tasks).toEqual(['work', 'remind']);
    expect(machine.waits).toEqual(['timer late']);
    expect(machine.advance(HOUR).tasks).toEqual(['work', 'remind', 'remind']);
    expect(machine.advance(5 * HOUR).tasks).toEqual(['work', 'remind', 'remind']);
  });

  it('is gone when its activity is done', async () => {
    const machine = (await machineFor(...attached(timerEvent('PT1H'), true))).start();
    expect(machine.complete('work').waits).toEqual([]);
    expect(machine.ended).toBe('completed');
  });

  it('of an event sub-process with a cycle starts it each time', async () => {
    const machine = await machineFor(
      ...[start(), task('work'), end(), flows('start', 'work', 'end')],
      eventSubProcess(
        'tick',
        startOn('on', timerEvent('R/PT1H', 'timeCycle'), false),
        ...[task('note'), flows('on', 'note')],
      ),
    );
    expect(machine.start().advance(3 * HOUR).tasks).toEqual(['work', 'note', 'note', 'note']);
    expect(machine.waits).toEqual(['timer on']);
  });

  it('counts on from when it was due, however late it fires', async () => {
    const cycle = timerEvent('R/PT1H', 'timeCycle');
    const machine = (await machineFor(...attached(cycle, false))).start();
    machine.now += HOUR + 60_000;
    machine.timer('late');
    expect(machine.state.waits).toMatchObject([{ due: START_TIME + 2 * HOUR }]);
  });

  it('fails the step that opens it when it cannot be read', async () => {
    const machine = await machineFor(...caught(timerEvent('#{deadline}')));
    expect(() => machine.start({ deadline: 'soon' })).toThrow(
      "ENGINE-09027 Exception while resolving duedate 'soon'",
    );
  });
});
