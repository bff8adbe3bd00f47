import { describe, expect, it } from 'vitest';
import { bpmnFile, end, flows, start, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  errorEvent,
  extension,
  mappings,
  taskWith,
} from '../../support/bpmn/notation.ts';
import { machineFor, machineForFile } from '../../support/bpmn-machine.ts';

const along = (...elements: string[]) => [
  ...[start(), ...elements, end(), flows('start', 'work', 'end')],
];

// https://docs.camunda.org/manual/7.24/user-guide/process-engine/external-tasks/
describe('an external task', () => {
  it.each(['serviceTask', 'sendTask', 'businessRuleTask'])('is what a %s opens', async (kind) => {
    const machine = await machineFor(
      ...along(`<${kind} id="work" camunda:type="external" camunda:topic="charge" />`),
    );
    const node = machine.start().node('work').id;
    expect(machine.effectsOf('task-opened')).toEqual([
      { kind: 'task-opened', node, topic: 'charge', priority: 0 },
    ]);
    expect(machine.ended).toBeNull();
  });

  it('has the topic and priority that its expressions give when it is opened', async () => {
    const machine = await machineFor(
      ...along(
        taskWith('work', '', 'camunda:taskPriority="#{urgency * 10}"').replace(
          'camunda:topic="work"',
          'camunda:topic="charge-#{country}"',
        ),
      ),
    );
    machine.start({ country: 'de', urgency: 4 });
    expect(machine.effectsOf('task-opened')).toMatchObject([{ topic: 'charge-de', priority: 40 }]);
  });

  // DefaultPriorityProvider.determinePriority
  it('has the priority of its process when it says none itself', async () => {
    const file = bpmnFile({ process: along(task('work')) });
    const machine = await machineForFile(
      file.replace('isExecutable', 'camunda:taskPriority="#{n}" isExecutable'),
    );
    machine.start({ n: 3 });
    expect(machine.effectsOf('task-opened')).toMatchObject([{ priority: 3 }]);
  });

  it('sets the variables it is completed with in the process instance, and continues', async () => {
    const machine = (await machineFor(...along(task('work')))).start();
    const node = machine.node('work').id;
    machine.complete('work', { paid: true });
    expect(machine.effectsOf('task-closed')).toEqual([{ kind: 'task-closed', node }]);
    expect(machine.variables).toEqual({ paid: true });
    expect(machine.history).toEqual(['start', 'work', 'end']);
    expect(machine.ended).toBe('completed');
  });

  it('drops local variables with its execution, unless an output parameter passes them on', async () => {
    const machine = await machineFor(
      ...along(taskWith('work', mappings({ outputs: { kept: '#{a + 1}' } }))),
    );
    machine.start().complete('work', {}, { a: 1 });
    expect(machine.variables).toEqual({ kept: 2 });
  });

  it('cannot be completed twice', async () => {
    const machine = (await machineFor(...along(task('work')))).start();
    machine.complete('work');
    expect(() => machine.complete('work')).toThrow('there is no task work');
  });
});

// https://docs.camunda.org/manual/7.24/user-guide/process-engine/external-tasks/#error-event-definitions
describe('an external task with error event definitions', () => {
  const process = along(
    taskWith(
      'work',
      extension(
        '<camunda:errorEventDefinition errorRef="error_NO_MONEY" expression="#{sum &gt; 10}" />' +
          '<camunda:errorEventDefinition errorRef="error_NO_CARD" expression="#{externalTask.errorMessage == \'card\'}" />',
      ),
    ),
    boundary('poor', 'work', errorEvent('NO_MONEY')),
    boundary('cardless', 'work', errorEvent('NO_CARD')),
    task('refuse'),
    task('ask'),
    flows('poor', 'refuse', 'end'),
    flows('cardless', 'ask', 'end'),
  );

  it('throws the error whose condition holds when it is completed', async () => {
    const machine = (await machineFor(...process)).start().complete('work', { sum: 11 });
    expect(machine.tasks).toEqual(['refuse']);
    expect(machine.history).toEqual(['start', 'work (cancelled)', 'poor']);
  });

  it('throws the error whose condition holds when an attempt fails', async () => {
    const machine = (await machineFor(...process)).start({ sum: 1 }).fail('work', 'card');
    expect(machine.tasks).toEqual(['ask']);
  });

  it('stays open after a failure for which no condition holds', async () => {
    const machine = (await machineFor(...process)).start({ sum: 1 }).fail('work', 'other');
    expect(machine.tasks).toEqual(['work']);
    expect(machine.effects).toEqual([]);
  });

  it('passes over a condition that cannot be evaluated after a failure, but not when it is completed', async () => {
    const machine = (await machineFor(...process)).start();
    expect(machine.fail('work', 'card').tasks).toEqual(['ask']);
    const other = (await machineFor(...process)).start();
    expect(() => other.complete('work')).toThrow("Cannot resolve identifier 'sum'");
  });
});

// https://docs.camunda.org/manual/7.24/reference/bpmn20/tasks/manual-task/ and BPMN 2.0.2, 13.3.3
describe('a task that no user is asked to do', () => {
  it.each(['task', 'manualTask'])('is passed: a %s', async (kind) => {
    const machine = (await machineFor(...along(`<${kind} id="work" />`))).start();
    expect(machine.history).toEqual(['start', 'work', 'end']);
    expect(machine.effectsOf('activity-ended')[1]).toMatchObject({ type: kind, cancelled: false });
    expect(machine.ended).toBe('completed');
  });
});
