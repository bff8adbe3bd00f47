import { describe, expect, it } from 'vitest';
import { end, flows, receive, start, subProcess } from '../../support/bpmn/model.ts';
import { machineFor } from '../../support/bpmn-machine.ts';

// https://docs.camunda.org/manual/7.24/reference/bpmn20/tasks/receive-task/
describe('a receive task', () => {
  const along = (element: string) => [start(), element, end(), flows('start', 'wait', 'end')];

  it('waits for its message, whose variables go to the process instance', async () => {
    const machine = (await machineFor(...along(receive('wait', 'answer')))).start();
    expect(machine.waits).toEqual(['message answer']);
    expect(machine.tasks).toEqual([]);
    machine.message('answer', { text: 'yes' }, { only: 'here' });
    expect(machine.variables).toEqual({ text: 'yes' });
    expect(machine.history).toEqual(['start', 'wait', 'end']);
    expect(machine.waits).toEqual([]);
    expect(machine.ended).toBe('completed');
  });

  it('waits for one message only once', async () => {
    const machine = (await machineFor(...along(receive('wait', 'answer')))).start();
    machine.message('answer');
    expect(() => machine.message('answer')).toThrow('nobody waits for that');
  });

  it('without a message waits to be triggered', async () => {
    const machine = (await machineFor(...along('<receiveTask id="wait" />'))).start();
    expect(machine.waits).toEqual([]);
    expect(machine.open).toEqual(['wait']);
    expect(machine.trigger('wait', { x: 1 }).ended).toBe('completed');
    expect(machine.variables).toEqual({ x: 1 });
  });

  // FlowNodeActivityBehavior.signal
  it('is one of the activities that can be triggered, which others cannot', async () => {
    const machine = await machineFor(
      ...[start(), subProcess('sub', receive('wait', 'answer'), start('s'), flows('s', 'wait'))],
      flows('start', 'sub'),
    );
    machine.start();
    expect(() => machine.trigger('sub')).toThrow(
      "ENGINE-02010 The activity with id 'sub' doesn't accept signals.",
    );
    expect(machine.trigger('wait').ended).toBe('completed');
  });

  it('with a message can be triggered all the same', async () => {
    const machine = (await machineFor(...along(receive('wait', 'answer')))).start();
    expect(machine.trigger('wait').ended).toBe('completed');
  });
});
