import { expect, it } from 'vitest';
import {
  catchMessage,
  catchTimer,
  end,
  flow,
  flows,
  parallel,
  start,
  subProcess,
  task,
} from '../../support/bpmn/model.ts';
import { describeEngines, type RestRow, restRows, type WireTask } from './engine-rig.ts';

interface ActivityInstance {
  activityId: string;
  activityType: string;
  parentActivityInstanceId: string | null;
  executionIds: string[];
  childActivityInstances: ActivityInstance[];
  childTransitionInstances: { activityId: string }[];
}

await describeEngines('the REST API', (rig) => {
  const { rows, only } = restRows(rig);

  it('the activity instances of a process instance are a tree', async () => {
    const instance = await rig.run([
      ...[start(), parallel('fork'), '<receiveTask id="receive" />', catchTimer('rest', 'P1D')],
      subProcess('inner', start('innerStart'), task('a'), flows('innerStart', 'a')),
      `<serviceTask id="many" camunda:type="external" camunda:topic="many">
        <multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>
      </serviceTask>`,
      ...[flow('start', 'fork'), flow('fork', 'receive'), flow('fork', 'rest')],
      ...[flow('fork', 'inner'), flow('fork', 'many')],
    ]);
    const path = `/process-instance/${instance.id}/activity-instances`;
    const { body: root } = await rig.call<ActivityInstance>('GET', path);
    const shape = (at: ActivityInstance): string => {
      const children = at.childActivityInstances.map(shape).sort();
      return `${at.activityType} ${at.activityId}${children.length > 0 ? `(${children.join(', ')})` : ''}`;
    };
    expect(root.parentActivityInstanceId).toBe(null);
    expect(root.childActivityInstances.map(shape).sort()).toEqual([
      'intermediateTimer rest',
      'multiInstanceBody many#multiInstanceBody(serviceTask many, serviceTask many)',
      'receiveTask receive',
      'subProcess inner(serviceTask a)',
    ]);
    const receive = root.childActivityInstances.find(({ activityId }) => activityId === 'receive');
    const executionId = receive?.executionIds[0];
    const variables = { heard: { value: 'yes' } };
    const signal = await rig.call('POST', `/execution/${executionId}/signal`, { variables });
    expect(signal.status).toBe(204);
    expect(await instance.variables()).toMatchObject({ heard: { type: 'String', value: 'yes' } });
    expect(await rig.call('POST', `/execution/nobody/signal`, {})).toMatchObject({
      status: 500,
      body: { type: 'RestException', message: /^Cannot signal execution nobody: / },
    });
  });

  it('a message says what it was correlated to', async () => {
    const instance = await rig.run(
      [start(), catchMessage('wait', 'told'), task('a'), end(), flows('start', 'wait', 'a', 'end')],
      { amount: 3 },
    );
    const send = (more: object) =>
      rig.call<RestRow[]>('POST', '/message', {
        messageName: 'told',
        businessKey: instance.businessKey,
        resultEnabled: true,
        ...more,
      });
    const other = { correlationKeys: { amount: { value: 4 } } };
    expect((await send(other)).status).toBe(400);
    expect((await send({ ...other, all: true })).body).toEqual([]);
    const { body } = await send({
      correlationKeys: { amount: { value: 3 } },
      processVariables: { news: { value: 'good' } },
      variablesInResultEnabled: true,
    });
    expect(body).toMatchObject([
      {
        resultType: 'Execution',
        execution: { processInstanceId: instance.id },
        processInstance: null,
        variables: { amount: { value: 3 }, news: { value: 'good' } },
      },
    ]);
  });

  it('a signal reaches every instance that waits for it', async () => {
    const definition = `<signalEventDefinition signalRef="signal_rest-facade-bell" />`;
    const elements = [
      ...[start(), `<intermediateCatchEvent id="wait">${definition}</intermediateCatchEvent>`],
      ...[task('a'), end(), flows('start', 'wait', 'a', 'end')],
    ];
    const first = await rig.run(elements);
    const second = await rig.start(first.key);
    const { eventName: name } = await only(`/event-subscription?processInstanceId=${first.id}`);
    expect((await rig.call('POST', '/signal', { name })).status).toBe(204);
    expect([await first.open(), await second.open()]).toEqual([['a'], ['a']]);
  });

  it('a timer is a job, which can be put off and run at once', async () => {
    const instance = await rig.run([
      ...[start(), catchTimer('rest', 'P1D'), task('a'), end()],
      flows('start', 'rest', 'a', 'end'),
    ]);
    const ofInstance = { processInstanceIds: [instance.id] };
    const { body: jobs } = await rig.call<RestRow[]>('POST', '/job', {
      ...ofInstance,
      timers: true,
    });
    expect(jobs).toMatchObject([{ processInstanceId: instance.id, retries: 3, suspended: false }]);
    const id = String(jobs[0]?.id);
    const duedate = '2099-01-01T00:00:00.000+0000';
    expect((await rig.call('PUT', `/job/${id}/duedate`, { duedate })).status).toBe(204);
    const { body: job } = await rig.call<{ dueDate: string }>('GET', `/job/${id}`);
    expect(Date.parse(job.dueDate)).toBe(Date.parse(duedate));
    expect((await rig.call('POST', `/job/${id}/execute`)).status).toBe(204);
    expect(await instance.open()).toEqual(['a']);
    expect((await rig.call('POST', `/job/${id}/execute`)).status).toBe(404);
    expect((await rig.call('POST', '/job/count', ofInstance)).body).toEqual({ count: 0 });
  });

  it('an incident of a called instance shows in the one that called it', async () => {
    const called = await rig.run([start(), task('a'), end(), flows('start', 'a', 'end')]);
    const caller = await rig.run([
      ...[start(), `<callActivity id="call" calledElement="${called.key}" />`, end()],
      flows('start', 'call', 'end'),
    ]);
    const inner = await only(`/process-instance?superProcessInstance=${caller.id}`);
    const { id } = await only(`/external-task?processInstanceId=${inner.id}`);
    await rig.call('POST', `/external-task/${id}/lock`, { workerId: 'w1', lockDuration: 60_000 });
    const failure = { workerId: 'w1', errorMessage: 'the mainframe is gone', retries: 0 };
    await rig.call('POST', `/external-task/${id}/failure`, failure);
    const own = await only(`/incident?processInstanceId=${inner.id}`);
    expect(own).toMatchObject({
      incidentType: 'failedExternalTask',
      configuration: id,
      incidentMessage: 'the mainframe is gone',
      rootCauseIncidentId: own.id,
    });
    const shown = await only(`/incident?processInstanceId=${caller.id}`);
    expect(shown).toMatchObject({
      activityId: 'call',
      configuration: null,
      causeIncidentId: own.id,
      rootCauseIncidentId: own.id,
    });
    expect((await rig.call<RestRow>('GET', `/incident/${shown.id}`)).body).toMatchObject(shown);
    const troubled = await rig.call<RestRow[]>('POST', '/history/process-instance', {
      processInstanceIds: [caller.id, inner.id, called.id],
      incidentStatus: 'open',
    });
    expect(troubled.body.map((row) => row.id).sort()).toEqual([caller.id, inner.id].sort());
    expect((await rig.call('PUT', `/external-task/${id}/retries`, { retries: 1 })).status).toBe(
      204,
    );
    expect(await rows(`/incident?processInstanceId=${caller.id}`)).toEqual([]);
  });

  it('history tells the activities of an instance and its variables', async () => {
    const instance = await rig.run(
      [start(), task('a'), task('b'), end(), flows('start', 'a', 'b', 'end')],
      { amount: 3 },
    );
    await instance.complete('a', { done: { value: true } });
    const path = `/history/activity-instance?processInstanceId=${instance.id}`;
    const shown = (await rows(path)).map((row) => [
      row.activityId,
      row.activityType,
      row.canceled,
      row.endTime !== null,
    ]);
    expect(shown.sort()).toEqual([
      ['a', 'serviceTask', false, true],
      ['b', 'serviceTask', false, false],
      ['start', 'startEvent', false, true],
    ]);
    expect(await rows(`${path}&unfinished=true`)).toMatchObject([{ activityId: 'b' }]);
    await rig.call('DELETE', `/process-instance/${instance.id}`);
    expect(await rows(`${path}&canceled=true`)).toMatchObject([{ activityId: 'b' }]);
    const variables = await rows(
      `/history/variable-instance?processInstanceId=${instance.id}&deserializeValues=false`,
    );
    expect(variables.map(({ name, type, value }) => [name, type, value]).sort()).toEqual([
      ['amount', 'Integer', 3],
      ['done', 'Boolean', true],
    ]);
    expect(variables[0]).toMatchObject({ activityInstanceId: instance.id, state: 'CREATED' });
  });

  it('a topic brings only the tasks that it asks for', async () => {
    const instance = await rig.run(
      [
        ...[start(), end(), flows('start', 'a', 'end')],
        `<serviceTask id="a" camunda:type="external" camunda:topic="picky"><extensionElements>
          <camunda:properties><camunda:property name="colour" value="red" /></camunda:properties>
          <camunda:inputOutput><camunda:inputParameter name="own">x</camunda:inputParameter></camunda:inputOutput>
        </extensionElements></serviceTask>`,
      ],
      { amount: 3 },
    );
    const fetch = async (topic: object) =>
      (
        await rig.call<WireTask[]>('POST', '/external-task/fetchAndLock', {
          workerId: 'w1',
          maxTasks: 9,
          topics: [
            {
              topicName: 'picky',
              lockDuration: 60_000,
              processDefinitionKey: instance.key,
              ...topic,
            },
          ],
        })
      ).body;
    expect(await fetch({ businessKey: 'another' })).toEqual([]);
    expect(await fetch({ processVariables: { amount: 4 } })).toEqual([]);
    expect(await fetch({ processDefinitionIdIn: ['another'] })).toEqual([]);
    const [task] = await fetch({
      businessKey: instance.businessKey,
      processVariables: { amount: 3 },
      localVariables: true,
      includeExtensionProperties: true,
      deserializeValues: false,
      withoutTenantId: true,
    });
    expect(task).toMatchObject({
      processInstanceId: instance.id,
      extensionProperties: { colour: 'red' },
    });
    expect(task?.variables).toEqual({ own: { type: 'String', value: 'x', valueInfo: {} } });
  });

  it('variables are read, changed and removed one by one and together', async () => {
    const instance = await rig.run([start(), task('a'), end(), flows('start', 'a', 'end')]);
    const path = `/process-instance/${instance.id}/variables`;
    expect((await rig.call('PUT', `${path}/one`, { value: 1, type: 'Long' })).status).toBe(204);
    expect((await rig.call('GET', `${path}/one`)).body).toEqual({
      type: 'Long',
      value: 1,
      valueInfo: {},
    });
    const change = { modifications: { two: { value: 'b' } }, deletions: ['one'] };
    expect((await rig.call('POST', path, change)).status).toBe(204);
    expect(Object.keys(await instance.variables())).toEqual(['two']);
    expect((await rig.call('DELETE', `${path}/two`)).status).toBe(204);
    expect(await rig.call('GET', `${path}/two`)).toMatchObject({
      status: 404,
      body: { message: 'process instance variable with name two does not exist' },
    });
    expect(await rig.call('GET', '/process-instance/nobody/variables')).toMatchObject({
      status: 500,
      body: {
        type: 'NullValueException',
        message: "execution nobody doesn't exist: execution is null",
      },
    });
    expect(await rig.call('PUT', `${path}/one`, { value: 'x', type: 'Integer' })).toMatchObject({
      status: 400,
      body: { type: 'InvalidRequestException', message: /^Cannot put process instance variable/ },
    });
  });

  it('an instance that is started can come with its variables, and says when it has ended', async () => {
    const { key } = await rig.run([start(), end(), flows('start', 'end')]);
    const started = await rig.call('POST', `/process-definition/key/${key}/start`, {
      variables: { amount: { value: 3 } },
      withVariablesInReturn: true,
    });
    expect(started.body).toMatchObject({
      definitionKey: key,
      ended: true,
      variables: { amount: { type: 'Integer', value: 3 } },
    });
  });

  it('a deployment that has running instances is deleted with them only', async () => {
    const { key, id } = await rig.run([start(), task('a'), end(), flows('start', 'a', 'end')]);
    const { deploymentId } = await only(`/process-definition?key=${key}`);
    const path = `/deployment/${deploymentId}`;
    expect((await rig.call<RestRow>('GET', path)).body).toMatchObject({
      id: deploymentId,
      name: key,
    });
    expect((await rig.call('DELETE', path)).status).toBe(500);
    expect((await rig.call('DELETE', `${path}?cascade=true`)).status).toBe(204);
    expect((await rig.call('GET', `/history/process-instance/${id}`)).status).toBe(404);
    expect(await rows(`/process-definition?key=${key}`)).toEqual([]);
    expect((await rig.call('GET', path)).status).toBe(404);
  });
});
