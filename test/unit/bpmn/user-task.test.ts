import { describe, expect, it } from 'vitest';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import { boundary, errorEvent, escalationEvent, userTask } from '../../support/bpmn/notation.ts';
import { machineFor, START_TIME } from '../../support/bpmn-machine.ts';

const along = (...elements: string[]) => [
  ...[start(), ...elements, end(), flows('start', 'check', 'end')],
];

// https://docs.camunda.org/manual/7.24/reference/bpmn20/tasks/user-task/
describe('a user task', () => {
  it('is opened with what its expressions say at that time', async () => {
    const machine = await machineFor(
      ...along(
        userTask(
          'check',
          'name="Check #{order}" camunda:assignee="#{who}" camunda:priority="#{60 + 1}" camunda:formKey="form" ' +
            'camunda:candidateUsers="ann, #{deputy}" camunda:candidateGroups="sales,#{groups}" ' +
            'camunda:dueDate="2026-12-01T10:00:00Z" camunda:followUpDate="#{later}"',
          '<documentation>Look at #{order}</documentation>',
        ),
      ),
    );
    machine.start({ order: 'o1', who: 'bob', deputy: 'cid', groups: 'a, b', later: 'PT1H' });
    expect(machine.effectsOf('user-task-opened')).toMatchObject([
      {
        task: {
          name: 'Check o1',
          description: 'Look at o1',
          assignee: 'bob',
          candidateUsers: ['ann', 'cid'],
          candidateGroups: ['sales', 'a', 'b'],
          due: Date.parse('2026-12-01T10:00:00Z'),
          followUp: START_TIME + 3_600_000,
          priority: 61,
          formKey: 'form',
        },
      },
    ]);
  });

  it('without anything said has nobody, no dates and the priority 50', async () => {
    const machine = (await machineFor(...along(userTask('check')))).start();
    expect(machine.effectsOf('user-task-opened')).toMatchObject([
      {
        task: {
          ...{ name: null, description: null, assignee: null, formKey: null },
          ...{ candidateUsers: [], candidateGroups: [], due: null, followUp: null, priority: 50 },
        },
      },
    ]);
  });

  // BPMN 2.0.2, 10.3.4: a human performer, and potential owners as users or groups.
  it('takes its people from the resources of BPMN, too', async () => {
    const resource = (kind: string, text: string) =>
      `<${kind}><resourceAssignmentExpression><formalExpression>${text}</formalExpression></resourceAssignmentExpression></${kind}>`;
    const machine = await machineFor(
      ...along(
        userTask(
          'check',
          '',
          resource('humanPerformer', 'ann') +
            resource('potentialOwner', 'user(bob), group(sales), ops'),
        ),
      ),
    );
    expect(machine.start().effectsOf('user-task-opened')).toMatchObject([
      { task: { assignee: 'ann', candidateUsers: ['bob'], candidateGroups: ['sales', 'ops'] } },
    ]);
  });

  it('is completed with variables of the process instance, and continues', async () => {
    const machine = (await machineFor(...along(userTask('check')))).start();
    machine.complete('check', { fine: true });
    expect(machine.variables).toEqual({ fine: true });
    expect(machine.history).toEqual(['start', 'check', 'end']);
    expect(machine.ended).toBe('completed');
  });

  it('throws a BPMN error, which its boundary event catches', async () => {
    const machine = await machineFor(
      ...along(userTask('check'), boundary('bad', 'check', errorEvent('BAD')), task('mend')),
      flows('bad', 'mend', 'end'),
    );
    machine.start().throwError('check', 'BAD', 'it is bad', { note: 'x' });
    expect(machine.tasks).toEqual(['mend']);
    expect(machine.variables).toEqual({ note: 'x' });
  });

  it('throws an escalation and stays open when the boundary event does not interrupt', async () => {
    const machine = await machineFor(
      ...along(
        userTask('check'),
        boundary('up', 'check', escalationEvent('UP'), false),
        task('boss'),
      ),
      flows('up', 'boss', 'end'),
    );
    machine.start().throwEscalation('check', 'UP');
    expect(machine.tasks).toEqual(['check', 'boss']);
    expect(machine.throwEscalation('check', 'UP').tasks).toEqual(['check', 'boss', 'boss']);
  });

  // BpmnBehaviorLogger 043: unlike a throw event, a task must not escalate to nobody.
  it('cannot throw an escalation that nothing catches', async () => {
    const machine = (await machineFor(...along(userTask('check')))).start();
    expect(() => machine.throwEscalation('check', 'UP')).toThrow(
      "ENGINE-02043 Execution with id 'check' throws an escalation event with escalationCode 'UP', but no escalation handler was defined.",
    );
    expect(machine.tasks).toEqual(['check']);
  });

  it('is not opened when its due date cannot be read', async () => {
    const machine = await machineFor(...along(userTask('check', 'camunda:dueDate="soon"')));
    expect(() => machine.start()).toThrow('The date soon of a user task cannot be read');
  });
});
