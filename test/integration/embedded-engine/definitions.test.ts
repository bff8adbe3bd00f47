import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { EngineRefusedError } from '../../../domain/common/errors.ts';
import { bpmn, end, flows, start, task } from '../../support/bpmn/model.ts';
import { describeEngines } from './engine-rig.ts';

const ONE_TASK = [start(), task('a'), end(), flows('start', 'a', 'end')];

await describeEngines('definitions and instances', (rig) => {
  async function versions(key: string): Promise<number[]> {
    const path = `/process-definition?key=${key}`;
    const { body } = await rig.call<{ version: number }[]>('GET', path);
    return body.map(({ version }) => version).sort();
  }

  it('a file is deployed again only when it has changed', async () => {
    const key = rig.newKey();
    await rig.deploy(key, ...ONE_TASK);
    await rig.deploy(key, ...ONE_TASK);
    expect(await versions(key)).toEqual([1]);
    await rig.deploy(key, start(), task('b'), end(), flows('start', 'b', 'end'));
    expect(await versions(key)).toEqual([1, 2]);
  });

  // On H2 the lock that Camunda 7 and Operaton take for it does not hold: they may make two versions.
  it('services that start at once are harmless: every version is the same file, and the next start adds none', async () => {
    const key = rig.newKey();
    const deploy = () => rig.deploy(key, ...ONE_TASK);
    await Promise.all(Array.from({ length: 4 }, deploy));
    const path = `/process-definition?key=${key}`;
    const { body } = await rig.call<{ id: string }[]>('GET', path);
    const files = body.map(async ({ id }) => {
      const found = await rig.call<{ bpmn20Xml: string }>('GET', `/process-definition/${id}/xml`);
      return found.body.bpmn20Xml;
    });
    expect(new Set(await Promise.all(files))).toEqual(new Set([bpmn(key, ...ONE_TASK)]));
    await deploy();
    expect(await versions(key)).toHaveLength(body.length);
  });

  it('an instance runs to its end with the version it was started with, and a new one takes the newest', async () => {
    const key = rig.newKey();
    await rig.deploy(key, ...ONE_TASK, task('old'), flows('a', 'old', 'end'));
    const older = await rig.start(key);
    await rig.deploy(key, ...ONE_TASK, task('new'), flows('a', 'new', 'end'));
    const newer = await rig.start(key);
    for (const instance of [older, newer]) {
      const tasks = await rig.fetch(`${key}.a`, { maxTasks: 2 });
      const own = tasks.find((one) => one.processInstanceId === instance.id);
      for (const other of tasks) {
        if (other !== own) await rig.call('POST', `/external-task/${other.id}/unlock`);
      }
      await rig.call('POST', `/external-task/${own?.id}/complete`, { workerId: 'w1' });
    }
    expect(await older.open()).toContain('old');
    expect(await newer.open()).toContain('new');
    await older.complete('old');
    await newer.complete('new');
    expect([await older.state(), await newer.state()]).toEqual(['COMPLETED', 'COMPLETED']);
  });

  it('a file that is no BPMN is refused with the reason', async () => {
    const files = [{ fileName: 'no.bpmn', content: '<a/>' }];
    const deployment = rig.engine.deploy(rig.newKey(), files);
    await expect(deployment).rejects.toThrow(EngineRefusedError);
    await expect(deployment).rejects.toMatchObject({
      httpStatus: 400,
      message: expect.stringContaining('no.bpmn'),
    });
  });

  it('the start of an unknown process is refused with 404', async () => {
    const starting = rig.engine.start(`unknown-${randomUUID()}`, 'x', {});
    await expect(starting).rejects.toThrow(EngineRefusedError);
    await expect(starting).rejects.toMatchObject({
      httpStatus: 404,
      message: expect.stringContaining('No matching process definition with key: unknown-'),
    });
  });

  it('an instance is found by its business key, running and ended, oldest first', async () => {
    const first = await rig.run(ONE_TASK);
    const second = await rig.engine.start(first.key, first.businessKey, {});
    await rig.start(first.key);
    const find = () => rig.engine.findInstances(first.key, first.businessKey);
    const common = {
      businessKey: first.businessKey,
      processKey: first.key,
      deleteReason: null,
      endedAt: null,
    };
    expect(await find()).toEqual([
      { ...common, processInstanceId: first.id, state: 'active' },
      { ...common, processInstanceId: second, state: 'active' },
    ]);
    await first.complete('a');
    expect((await find()).map(({ state }) => state)).toEqual(['completed', 'active']);
    const running = await rig.call<{ id: string }[]>(
      'GET',
      `/process-instance?businessKey=${first.businessKey}`,
    );
    expect(running.body.map(({ id }) => id)).toEqual([second]);
  });

  it('a task has its business key and its process', async () => {
    const instance = await rig.run(ONE_TASK);
    expect(await instance.lock('a')).toMatchObject({
      processInstanceId: instance.id,
      processDefinitionKey: instance.key,
      businessKey: instance.businessKey,
      topicName: `${instance.key}.a`,
    });
  });

  it('a cancelled instance is gone with its tasks, and terminated in history', async () => {
    const instance = await rig.run(ONE_TASK);
    const { id: taskId } = await instance.lock('a');
    await rig.engine.cancel(instance.id);
    expect(await instance.state()).toBe('EXTERNALLY_TERMINATED');
    const [found] = await rig.engine.findInstances(instance.key, instance.businessKey);
    expect(found?.state).toBe('terminated');
    const late = await rig.call('POST', `/external-task/${taskId}/complete`, { workerId: 'w1' });
    expect(late.status).toBe(404);
    expect((await rig.call('GET', `/process-instance/${instance.id}`)).status).toBe(404);
    expect((await rig.call('DELETE', `/process-instance/${instance.id}`)).status).toBe(404);
    await rig.engine.cancel(instance.id);
  });

  it('an ended instance is no longer among the running ones', async () => {
    const instance = await rig.run(ONE_TASK);
    expect((await rig.call('GET', `/process-instance/${instance.id}`)).status).toBe(200);
    await instance.complete('a');
    expect(await instance.state()).toBe('COMPLETED');
    expect((await rig.call('GET', `/process-instance/${instance.id}`)).status).toBe(404);
  });

  it('a process without a task has ended when its start is answered', async () => {
    const instance = await rig.run([start(), end(), flows('start', 'end')]);
    expect(await instance.state()).toBe('COMPLETED');
  });

  // The external-task client takes a body with any other content type for a file.
  it('every answer with a body is application/json and nothing more', async () => {
    const instance = await rig.run(ONE_TASK);
    const task = await instance.lock('a');
    for (const path of [
      '/version',
      `/process-definition/key/${instance.key}`,
      `/process-instance/${instance.id}/variables`,
      `/history/process-instance/${instance.id}`,
      `/external-task/${task.id}`,
      '/external-task/unknown',
      '/process-instance/unknown',
      '/history/process-instance/unknown',
      '/no-such-thing',
    ]) {
      expect([path, (await rig.call('GET', path)).contentType]).toEqual([path, 'application/json']);
    }
  });

  it('an error of the embedded engine is {type, message}', async () => {
    const { key } = await rig.run(ONE_TASK);
    const unknown =
      'GET /process-instance/x, GET /history/process-instance/x, GET /external-task/x';
    for (const one of unknown.split(', ')) {
      const [method = '', path = ''] = one.split(' ');
      const { status, body } = await rig.call(method, path);
      expect([one, status]).toEqual([one, 404]);
      expect(body).toMatchObject({
        type: expect.stringMatching(/^(InvalidRequest|Rest)Exception$/),
        message: expect.stringContaining('with id x does not exist'),
      });
    }
    const { status, body } = await rig.call('POST', `/process-definition/key/${key}/start`, {
      variables: { amount: { value: 'many', type: 'Integer' } },
    });
    expect(status).toBe(400);
    expect(body.type).toBe('InvalidRequestException');
  });
});
