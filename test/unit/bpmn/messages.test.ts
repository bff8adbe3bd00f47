import { describe, expect, it } from 'vitest';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import { catches, endsWith, messageEvent, startOn, throws } from '../../support/bpmn/notation.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// BPMN 2.0.2, 10.5.5.8; https://docs.camunda.org/manual/7.24/reference/bpmn20/events/message-events/
describe('a message', () => {
  const caught = (name: string) => [
    ...[start(), catches('wait', messageEvent(name)), end(), flows('start', 'wait', 'end')],
  ];
  const external =
    '<messageEventDefinition camunda:type="external" camunda:topic="mail" camunda:taskPriority="7" />';

  it('is caught by an intermediate event, and its variables go to the process instance', async () => {
    const machine = (await machineFor(...caught('paid'))).start();
    expect(machine.effectsOf('wait-opened')).toMatchObject([
      { wait: { kind: 'message', name: 'paid' } },
    ]);
    machine.message('paid', { sum: 3 });
    expect(machine.effectsOf('wait-closed')).toHaveLength(1);
    expect(machine.variables).toEqual({ sum: 3 });
    expect(machine.ended).toBe('completed');
  });

  it('brings local variables for its event only', async () => {
    const machine = (await machineFor(...caught('paid'))).start().message('paid', {}, { sum: 3 });
    expect(machine.variables).toEqual({});
  });

  it('reaches one that waits for it, while others continue waiting', async () => {
    const machine = await machineFor(
      ...[start(), catches('a', messageEvent('paid')), catches('b', messageEvent('paid')), end()],
      ...[flows('start', 'a', 'end'), flows('start', 'b', 'end')],
    );
    machine.start().message('paid');
    expect(machine.open).toEqual(['b']);
    expect(machine.message('paid').ended).toBe('completed');
  });

  // https://docs.camunda.org/manual/7.24/reference/bpmn20/events/message-events/#expressions-in-message-names
  it('has the name that its expression gives when the event is entered', async () => {
    const machine = (await machineFor(...caught('paid-#{order}'))).start({ order: 7 });
    machine.setVariables({ order: 8 });
    expect(machine.waits).toEqual(['message paid-7']);
  });

  it('starts an instance at the start event that waits for it', async () => {
    const machine = await machineFor(
      ...[start(), startOn('ordered', messageEvent('order')), task('a'), task('b'), end()],
      ...[flows('start', 'a', 'end'), flows('ordered', 'b', 'end')],
    );
    expect(machine.start({ x: 1 }, { startEvent: 'ordered' }).tasks).toEqual(['b']);
    expect(machine.history).toEqual(['ordered']);
    expect(machine.variables).toEqual({ x: 1 });
  });

  it('does not start an instance by the key of a process that only messages start', async () => {
    const machine = await machineFor(
      ...[startOn('a', messageEvent('a')), startOn('b', messageEvent('b')), end()],
      ...[flows('a', 'end'), flows('b', 'end')],
    );
    expect(() => machine.start()).toThrow('has no default start activity');
    expect(machine.start({}, { startEvent: 'b' }).history).toEqual(['b', 'end']);
  });

  it('is thrown by an external task where the throw event names a topic', async () => {
    const machine = await machineFor(
      ...[start(), throws('tell', external), endsWith('last', external)],
      flows('start', 'tell', 'last'),
    );
    machine.start();
    expect(machine.effectsOf('task-opened')).toMatchObject([{ topic: 'mail', priority: 7 }]);
    machine.complete('tell');
    expect(machine.tasks).toEqual(['last']);
    expect(machine.complete('last').ended).toBe('completed');
  });

  it('is thrown to nobody where the throw event does not say how', async () => {
    const machine = await machineFor(
      ...[start(), throws('tell', messageEvent('paid')), endsWith('last', messageEvent('paid'))],
      flows('start', 'tell', 'last'),
    );
    expect(machine.start().history).toEqual(['start', 'tell', 'last']);
    expect(machine.ended).toBe('completed');
  });
});
