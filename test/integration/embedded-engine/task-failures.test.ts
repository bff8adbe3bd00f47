import { expect, it } from 'vitest';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import { until } from '../../support/children.ts';
import { describeEngines, type WireTask } from './engine-rig.ts';

const ONE_TASK = [start(), task('a'), end(), flows('start', 'a', 'end')];

interface Incident {
  incidentType: string;
  activityId: string;
  configuration: string;
  incidentMessage: string | null;
}

await describeEngines('failures of external tasks', (rig) => {
  const fail = (id: string, failure: object) =>
    rig.call('POST', `/external-task/${id}/failure`, { workerId: 'w1', ...failure });
  const show = async (id: string) => (await rig.call<WireTask>('GET', `/external-task/${id}`)).body;
  const incidents = async (instanceId: string) =>
    (await rig.call<Incident[]>('GET', `/incident?processInstanceId=${instanceId}`)).body;

  it('a failed task comes again with its retries and the error of the last attempt', async () => {
    const instance = await rig.run(ONE_TASK);
    const first = await instance.lock('a');
    expect(first).toMatchObject({ retries: null, errorMessage: null, errorDetails: null });
    const answer = await fail(first.id, {
      errorMessage: 'the partner is away',
      errorDetails: 'line 1\nline 2',
      retries: 3,
      retryTimeout: 0,
    });
    expect(answer.status).toBe(204);
    expect(await instance.lock('a')).toMatchObject({
      id: first.id,
      retries: 3,
      errorMessage: 'the partner is away',
      errorDetails: 'line 1\nline 2',
    });
    expect(await incidents(instance.id)).toEqual([]);
  });

  it('a failed task pauses for its retryTimeout', async () => {
    const instance = await rig.run(ONE_TASK);
    const { id } = await instance.lock('a');
    await fail(id, { retries: 1, retryTimeout: 600 });
    expect(await rig.fetch(`${instance.key}.a`)).toEqual([]);
    const again = await until(
      async () => (await rig.fetch(`${instance.key}.a`, { workerId: 'w2' }))[0],
      'the pause ends',
    );
    expect(again.id).toBe(id);
  });

  it('the pause is a lock of the worker that failed: it may complete, and unlock ends it', async () => {
    const instance = await rig.run(ONE_TASK);
    const { id } = await instance.lock('a');
    await fail(id, { retries: 1, retryTimeout: 600_000 });
    expect(await show(id)).toMatchObject({ workerId: 'w1', retries: 1 });
    await rig.call('POST', `/external-task/${id}/unlock`);
    expect(await rig.fetch(`${instance.key}.a`)).toHaveLength(1);
    await fail(id, { retries: 1, retryTimeout: 600_000 });
    const late = await rig.call('POST', `/external-task/${id}/complete`, { workerId: 'w1' });
    expect(late.status).toBe(204);
    expect(await instance.state()).toBe('COMPLETED');
  });

  it('a task without retries left is an incident and given to nobody, until somebody sets them', async () => {
    const instance = await rig.run(ONE_TASK);
    const { id } = await instance.lock('a');
    await fail(id, { errorMessage: 'given up', retries: 0, retryTimeout: 0 });
    expect(await rig.fetch(`${instance.key}.a`, { workerId: 'w2' })).toEqual([]);
    expect(await instance.state()).toBe('ACTIVE');
    expect(await show(id)).toMatchObject({ retries: 0, errorMessage: 'given up' });
    expect(await incidents(instance.id)).toMatchObject([
      {
        incidentType: 'failedExternalTask',
        activityId: 'a',
        configuration: id,
        incidentMessage: 'given up',
      },
    ]);
    const answer = await rig.call('PUT', `/external-task/${id}/retries`, { retries: 2 });
    expect(answer.status).toBe(204);
    expect(await incidents(instance.id)).toEqual([]);
    expect(await instance.lock('a')).toMatchObject({ id, retries: 2 });
  });

  it('a failure without retries counts as one without any left', async () => {
    const instance = await rig.run(ONE_TASK);
    const { id } = await instance.lock('a');
    await fail(id, {});
    expect((await show(id)).retries).toBe(0);
  });

  it('an error message is kept to 666 characters, the details whole', async () => {
    const instance = await rig.run(ONE_TASK);
    const { id } = await instance.lock('a');
    await fail(id, {
      errorMessage: 'm'.repeat(700),
      errorDetails: 'd'.repeat(20_000),
      retries: 1,
      retryTimeout: 0,
    });
    const again = await instance.lock('a');
    expect(again.errorMessage).toBe('m'.repeat(666));
    expect(again.errorDetails).toBe('d'.repeat(20_000));
    const details = await rig.call<string>('GET', `/external-task/${id}/errorDetails`);
    expect(details.body).toBe('d'.repeat(20_000));
  });

  it('a failure may set variables', async () => {
    const instance = await rig.run(ONE_TASK, { attempts: 0 });
    const { id } = await instance.lock('a');
    await fail(id, { retries: 1, retryTimeout: 0, variables: { attempts: { value: 1 } } });
    expect(await instance.variables()).toMatchObject({ attempts: { value: 1 } });
  });
});
