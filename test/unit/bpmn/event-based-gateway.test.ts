import { describe, expect, it } from 'vitest';
import { end, eventBased, flows, start, task } from '../../support/bpmn/model.ts';
import {
  catches,
  conditionEvent,
  messageEvent,
  signalEvent,
  timerEvent,
} from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

const HOUR = 3_600_000;

// BPMN 2.0.2, 13.4.4; https://docs.camunda.org/manual/7.24/reference/bpmn20/gateways/event-based-gateway/
describe('an event-based gateway', () => {
  const paths = (events: Readonly<Record<string, string>>) => [
    ...[start(), eventBased('first'), end(), flows('start', 'first')],
    ...Object.entries(events).flatMap(([id, definition]) => [
      ...[catches(id, definition), task(`after-${id}`), flows('first', id, `after-${id}`, 'end')],
    ]),
  ];
  const process = paths({
    paid: messageEvent('payment'),
    stopped: signalEvent('stop'),
    late: timerEvent('PT1H'),
  });

  it('waits for all events that follow it', async () => {
    const machine = (await machineFor(...process)).start();
    expect(machine.waits).toEqual(['message payment', 'signal stop', 'timer late']);
    expect(machine.open).toEqual(['first']);
  });

  it('continues by the event that comes first, and waits for the others no more', async () => {
    const machine = (await machineFor(...process)).start().message('payment', { sum: 3 });
    expect(machine.tasks).toEqual(['after-paid']);
    expect(machine.waits).toEqual([]);
    expect(machine.variables).toEqual({ sum: 3 });
    expect(machine.advance(2 * HOUR).tasks).toEqual(['after-paid']);
  });

  it('continues by a signal', async () => {
    expect((await machineFor(...process)).start().signal('stop').tasks).toEqual(['after-stopped']);
  });

  it('continues by its timer when nothing else has come until then', async () => {
    const machine = (await machineFor(...process)).start().advance(HOUR - 1);
    expect(machine.tasks).toEqual([]);
    expect(machine.advance(1).tasks).toEqual(['after-late']);
  });

  // The gateway is the scope of the events behind it, which the event cancels (BpmnParse: CANCEL_EVENT_SCOPE).
  it('is in the history as cancelled, and the event that has come as ended', async () => {
    const machine = (await machineFor(...process)).start().message('payment');
    expect(machine.history).toEqual(['start', 'first (cancelled)', 'paid']);
  });

  it('continues at once by a condition that holds already', async () => {
    const machine = await machineFor(
      ...paths({ paid: messageEvent('payment'), much: conditionEvent('x > 1') }),
    );
    machine.start({ x: 2 });
    expect(machine.tasks).toEqual(['after-much']);
    expect(machine.waits).toEqual([]);
  });

  it('continues by a condition that a change of a variable makes true', async () => {
    const machine = await machineFor(
      ...paths({ paid: messageEvent('payment'), much: conditionEvent('x > 1') }),
    );
    machine.start({ x: 0 });
    expect(machine.tasks).toEqual([]);
    expect(machine.setVariables({ x: 2 }).tasks).toEqual(['after-much']);
  });
});
