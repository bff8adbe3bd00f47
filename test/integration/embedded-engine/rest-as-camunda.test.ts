import { expect, it } from 'vitest';
import { catchMessage, end, flows, start, task } from '../../support/bpmn/model.ts';
import { describeEngines, type WireTask } from './engine-rig.ts';

const NOBODY = '00000000-0000-0000-0000-000000000000';
const WITH_LIST = `<serviceTask id="a" camunda:type="external" camunda:topic="@key.a"><extensionElements>
    <camunda:inputOutput><camunda:inputParameter name="list"><camunda:list>
      <camunda:value>x</camunda:value>
    </camunda:list></camunda:inputParameter></camunda:inputOutput>
  </extensionElements></serviceTask>`;

await describeEngines('what workers in other languages see', (rig) => {
  it('an object is JSON when it is to be deserialized, else the text of its serialization', async () => {
    const key = rig.newKey();
    await rig.deploy(key, start(), WITH_LIST, end(), flows('start', 'a', 'end'));
    const valueInfo = {
      objectTypeName: 'java.util.ArrayList',
      serializationDataFormat: 'application/json',
    };
    const { body } = await rig.call<{ id: string }>(
      'POST',
      `/process-definition/key/${key}/start`,
      {
        variables: { given: { type: 'Object', value: '[1,"two"]', valueInfo } },
      },
    );
    const fetch = async (deserializeValues: boolean) => {
      const topics = [{ topicName: `${key}.a`, lockDuration: 60_000, deserializeValues }];
      const answer = await rig.call<WireTask[]>('POST', '/external-task/fetchAndLock', {
        workerId: 'w1',
        maxTasks: 1,
        topics,
      });
      const [found] = answer.body;
      await rig.call('POST', `/external-task/${found?.id}/unlock`);
      return found?.variables;
    };
    expect(await fetch(true)).toMatchObject({
      given: { type: 'Object', value: [1, 'two'] },
      list: { type: 'Object', value: ['x'] },
    });
    expect(await fetch(false)).toMatchObject({
      given: { value: '[1,"two"]', valueInfo },
      list: { value: expect.stringMatching(/^rO0AB/) },
    });
    const path = `/process-instance/${body.id}/variables`;
    expect((await rig.call('GET', path)).body).toMatchObject({ given: { value: [1, 'two'] } });
    expect((await rig.call('GET', `${path}/given`)).body).toMatchObject({ value: [1, 'two'] });
    const serialized = await rig.call('GET', `${path}/given?deserializeValue=false`);
    expect(serialized.body).toMatchObject({ value: '[1,"two"]' });
  });

  it('the bytes of a file have a call of their own', async () => {
    const { id } = await rig.run([start(), task('a'), end(), flows('start', 'a', 'end')]);
    const path = `/process-instance/${id}/variables`;
    const valueInfo = { filename: 'a b.txt', mimeType: 'text/plain', encoding: 'UTF-8' };
    const file = { type: 'File', value: 'aGVsbG8=', valueInfo };
    expect((await rig.call('PUT', `${path}/file`, file)).status).toBe(204);
    expect((await rig.call('GET', `${path}/file`)).body).toEqual({
      ...file,
      value: null,
    });
    expect(await rig.call('GET', `${path}/file/data`)).toMatchObject({
      status: 200,
      contentType: 'text/plain;charset=UTF-8',
      body: 'hello',
    });
    await rig.call('PUT', `${path}/bytes`, { type: 'Bytes', value: 'aGVsbG8=' });
    expect(await rig.call('GET', `${path}/bytes/data`)).toMatchObject({
      contentType: 'application/octet-stream',
      body: 'hello',
    });
    await rig.call('PUT', `${path}/text`, { value: 'x' });
    expect(await rig.call('GET', `${path}/text/data`)).toMatchObject({
      status: 400,
      body: { type: 'InvalidRequestException', code: null },
    });
  });

  it('the values in a URL are texts', async () => {
    const model = [start(), task('a'), end(), flows('start', 'a', 'end')];
    const { id } = await rig.run(model, { n: 5, text: '5', yes: true });
    const count = async (condition: string) =>
      (
        await rig.call(
          'GET',
          `/process-instance/count?processInstanceIds=${id}&variables=${condition}`,
        )
      ).body;
    expect(await count('text_eq_5')).toEqual({ count: 1 });
    for (const other of ['n_eq_5', 'yes_eq_true', 'text_eq_6']) {
      expect([other, await count(other)]).toEqual([other, { count: 0 }]);
    }
  });

  it('nothing is of a tenant', async () => {
    const model = [start(), catchMessage('wait', 'tenants-news'), end()];
    const instance = await rig.run([...model, flows('start', 'wait', 'end')]);
    const { key, businessKey } = instance;
    const message = { messageName: 'tenants-news', businessKey, tenantId: 't' };
    expect(await rig.call('POST', '/message', message)).toMatchObject({
      status: 400,
      body: { type: 'RestException' },
    });
    const all = { ...message, all: true, resultEnabled: true };
    expect((await rig.call('POST', '/message', all)).body).toEqual([]);
    expect(await instance.state()).toBe('ACTIVE');
    for (const path of ['/process-definition?', '/process-instance?', '/job?', '/external-task?']) {
      expect((await rig.call('GET', `${path}tenantIdIn=t`)).body).toEqual([]);
    }
    const ofTenant = `/process-definition/key/${key}/tenant-id/t`;
    for (const [method, path] of [
      ['GET', ofTenant],
      ['POST', `${ofTenant}/start`],
    ] as const) {
      expect(await rig.call(method, path, method === 'POST' ? {} : undefined)).toMatchObject({
        status: 404,
        body: {
          type: 'RestException',
          message: `No matching process definition with key: ${key} and tenant-id: t`,
          code: null,
        },
      });
    }
  });

  const UNKNOWN: [call: string, body: object | undefined, answer: string][] = [
    [`GET /task/${NOBODY}`, undefined, '404 InvalidRequestException null'],
    [`GET /job/${NOBODY}`, undefined, '404 InvalidRequestException null'],
    [`GET /job/${NOBODY}/stacktrace`, undefined, '404 InvalidRequestException null'],
    [`PUT /job/${NOBODY}/retries`, { retries: 1 }, '500 InvalidRequestException null'],
    [`POST /job/${NOBODY}/execute`, {}, '404 InvalidRequestException null'],
    [`GET /external-task/${NOBODY}`, undefined, '404 RestException null'],
    [`GET /external-task/${NOBODY}/errorDetails`, undefined, '500 NullValueException 0'],
    [`POST /external-task/${NOBODY}/unlock`, {}, '404 RestException 0'],
    [`POST /external-task/${NOBODY}/complete`, {}, '500 NullValueException 0'],
    [`POST /external-task/${NOBODY}/lock`, { workerId: 'w' }, '400 RestException 0'],
    [`PUT /external-task/${NOBODY}/retries`, { retries: -1 }, '400 BadUserRequestException 0'],
    [`GET /task/${NOBODY}/identity-links`, undefined, '500 NullValueException 0'],
    [`POST /task/${NOBODY}/claim`, { userId: 'a' }, '500 NullValueException 0'],
    [`GET /process-definition/${NOBODY}`, undefined, '404 InvalidRequestException 0'],
    ['GET /process-definition/key/nobody', undefined, '404 RestException null'],
    [`GET /history/process-instance/${NOBODY}`, undefined, '404 InvalidRequestException null'],
    [`DELETE /process-instance/${NOBODY}`, undefined, '404 InvalidRequestException 0'],
    ['GET /nowhere', undefined, '404 NotFoundException null'],
    ['POST /external-task/fetchAndLock', { maxTasks: 1 }, '500 NullValueException 0'],
    [
      'POST /external-task/fetchAndLock',
      { workerId: 'w', maxTasks: -1 },
      '500 ProcessEngineException 0',
    ],
    [
      'POST /external-task/fetchAndLock',
      { workerId: 'w', maxTasks: 1, topics: [{ topicName: 't' }] },
      '500 ProcessEngineException 0',
    ],
    [
      'POST /external-task/fetchAndLock',
      { workerId: 'w', maxTasks: 1, sorting: [{ sortBy: 'colour' }] },
      '400 InvalidRequestException null',
    ],
  ];
  it.each(UNKNOWN)('%s %j is answered %s', async (call, body, expected) => {
    const [method = '', path = ''] = call.split(' ');
    const answer = await rig.call<{ type: string; code: number | null }>(method, path, body);
    expect(`${answer.status} ${answer.body.type} ${answer.body.code}`).toBe(expected);
  });
});
