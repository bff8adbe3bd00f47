import { expect, it } from 'vitest';
import { end, flows, onError, start, task } from '../../support/bpmn/model.ts';
import { describeEngines, type Followed, type RestRow, restRows } from './engine-rig.ts';

const userTask = (attributes = '') =>
  `<userTask id="ask" name="Ask" camunda:candidateUsers="ann,bob" camunda:candidateGroups="staff" ${attributes} />`;
const ASK = [start(), userTask(), end(), flows('start', 'ask', 'end')];

await describeEngines('the REST API', (rig) => {
  const { rows, only } = restRows(rig);
  const taskOf = ({ id }: Followed) => only(`/task?processInstanceId=${id}`);

  it('a user task is offered to its candidates until somebody has claimed it', async () => {
    const instance = await rig.run(ASK);
    const { id, ...shown } = await taskOf(instance);
    expect(shown).toMatchObject({ name: 'Ask', taskDefinitionKey: 'ask', assignee: null });
    const offered = async (filter: object) =>
      (
        await rig.call<RestRow[]>('POST', '/task', { processInstanceId: instance.id, ...filter })
      ).body.map((row) => row.id);
    expect(await offered({ candidateUser: 'ann' })).toEqual([id]);
    expect(await offered({ candidateGroup: 'staff' })).toEqual([id]);
    expect(await offered({ candidateUser: 'eve' })).toEqual([]);
    expect((await rig.call('POST', `/task/${id}/claim`, { userId: 'bob' })).status).toBe(204);
    expect(await rig.call('POST', `/task/${id}/claim`, { userId: 'ann' })).toMatchObject({
      status: 500,
      body: { message: `Task '${id}' is already claimed by someone else.` },
    });
    expect(await offered({ candidateUser: 'ann' })).toEqual([]);
    expect(await offered({ candidateUser: 'ann', includeAssignedTasks: true })).toEqual([id]);
    expect(await offered({ assignee: 'bob' })).toEqual([id]);
    const links = await rows(`/task/${id}/identity-links`);
    expect(links).toContainEqual({ userId: 'bob', groupId: null, type: 'assignee' });
    expect(links).toContainEqual({ userId: null, groupId: 'staff', type: 'candidate' });
    expect((await rig.call('POST', `/task/${id}/unclaim`)).status).toBe(204);
    expect(await offered({ unassigned: true })).toEqual([id]);
  });

  it('a user task is completed with variables, which come back when they are wanted', async () => {
    const instance = await rig.run(ASK, { amount: 3 });
    const { id } = await taskOf(instance);
    const body = { variables: { answer: { value: true } }, withVariablesInReturn: true };
    expect(await rig.call('POST', `/task/${id}/complete`, body)).toMatchObject({
      status: 200,
      body: { amount: { type: 'Integer', value: 3 }, answer: { type: 'Boolean', value: true } },
    });
    expect(await instance.state()).toBe('COMPLETED');
    const message = `Cannot complete task ${id}: Cannot find task with id ${id}: task is null`;
    expect(await rig.call('POST', `/task/${id}/complete`, {})).toMatchObject({
      status: 500,
      body: { type: 'RestException', message },
    });
  });

  it('a user task throws a BPMN error', async () => {
    const instance = await rig.run([
      ...[...ASK, onError('refused', 'ask', { code: 'NO' }), task('a'), end('last')],
      flows('refused', 'a', 'last'),
    ]);
    const { id } = await taskOf(instance);
    const error = { errorCode: 'NO', errorMessage: 'no' };
    expect((await rig.call('POST', `/task/${id}/bpmnError`, error)).status).toBe(204);
    expect(await instance.open()).toEqual(['a']);
  });
});
