import { expect, it } from 'vitest';
import { DAY_MS } from '../../../domain/common/index.ts';
import { end, exclusive, expression, flow, flows, start, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  catches,
  extension,
  startOn,
  taskWith,
  timerEvent,
} from '../../support/bpmn/notation.ts';
import { until } from '../../support/children.ts';
import { describeEngines } from './engine-rig.ts';
import { ASYNC, type Job, jobsIn, minutesUntil, needy, retryCycle } from './job-rig.ts';

await describeEngines('a job that fails', (rig) => {
  const { jobsOf, jobOf, failedJobOf, incidentsOf, incidentOf, jobsOfProcess, incidentsOfProcess } =
    jobsIn(rig);
  const { execute, setRetries, mend, runFailing } = jobsIn(rig);

  it('without a retry cycle has three attempts at once, and is an incident then', async () => {
    const instance = await runFailing();
    const incident = await incidentOf(instance);
    const job = await jobOf(instance);
    expect(incident).toMatchObject({
      incidentType: 'failedJob',
      activityId: 'work',
      configuration: job.id,
      incidentMessage: job.exceptionMessage,
    });
    expect(job).toMatchObject({ retries: 0, dueDate: null });
    expect(job.exceptionMessage).toContain(
      `Unknown property used in expression: ${expression('needed')}`,
    );
  });

  it('leaves what was done before as it was: the task before it stays completed', async () => {
    const instance = await runFailing();
    await incidentOf(instance);
    const path = `/history/activity-instance?processInstanceId=${instance.id}&finished=true`;
    const { body } = await rig.call<{ activityId: string }[]>('GET', path);
    expect(body.map(({ activityId }) => activityId).sort()).toEqual(['first', 'start']);
    expect(await instance.open()).toEqual([]);
    expect(await instance.state()).toBe('ACTIVE');
  });

  it('continues when what is wrong has been mended and it has attempts again', async () => {
    const instance = await runFailing();
    const incident = await incidentOf(instance);
    await mend(instance);
    expect((await setRetries(incident.configuration, { retries: 1 })).status).toBe(204);
    await until(async () => (await instance.open()).join() === 'work', 'the task is open');
    expect(await incidentsOf(instance)).toEqual([]);
    expect(await jobsOf(instance)).toEqual([]);
  });

  it('may get no attempts by hand, which is an incident without a failure', async () => {
    const instance = await rig.run([
      ...[start(), catches('later', timerEvent('P9D')), end(), flows('start', 'later', 'end')],
    ]);
    const job = await jobOf(instance);
    expect((await setRetries(job.id, { retries: 0 })).status).toBe(204);
    expect(await incidentsOf(instance)).toMatchObject([
      {
        incidentType: 'failedJob',
        activityId: 'later',
        configuration: job.id,
        incidentMessage: null,
      },
    ]);
    const tomorrow = new Date(Date.now() + DAY_MS).toISOString().replace('Z', '+0000');
    await setRetries(job.id, { retries: 2, dueDate: tomorrow });
    expect(await incidentsOf(instance)).toEqual([]);
    const set = await jobOf(instance);
    expect([set.retries, minutesUntil(set)]).toEqual([2, 1_440]);
  });

  it('before a start event leaves the start itself done', async () => {
    const instance = await rig.run([
      start().replace('/>', `${ASYNC}>${extension(retryCycle('R4/PT1H'))}</startEvent>`),
      ...[exclusive('which'), task('a'), end(), flows('start', 'which'), flows('a', 'end')],
      ...[flow('which', 'a', 'needed == 1'), flow('which', 'end', 'needed == 2')],
    ]);
    const job = await failedJobOf(instance);
    expect(job.retries).toBe(3);
    await mend(instance);
    expect((await execute(job)).status).toBe(204);
    expect(await instance.open()).toEqual(['a']);
  });

  it('is no job where nothing is asynchronous: the call itself fails, and changes nothing', async () => {
    const key = rig.newKey();
    await rig.deploy(
      key,
      ...[start(), taskWith('work', extension(`${retryCycle('R3/PT1H')}${needy}`)), end()],
      flows('start', 'work', 'end'),
    );
    const path = `/process-definition/key/${key}/start`;
    const answer = await rig.call('POST', path, { businessKey: key });
    expect(answer.status).toBe(500);
    const { body } = await rig.call<unknown[]>(
      'GET',
      `/history/process-instance?processDefinitionKey=${key}`,
    );
    expect(body).toEqual([]);
  });

  it('does not end a cycle of timers: the next time is a job beside it', async () => {
    const cycle = timerEvent('R3/PT50H', 'timeCycle');
    const instance = await rig.run([
      ...[start(), task('wait'), end(), flows('start', 'wait', 'end')],
      boundary('often', 'wait', `${extension(retryCycle('R4/PT1H'))}${cycle}`, false),
      ...[taskWith('work', extension(needy)), end('e'), flows('often', 'work', 'e')],
    ]);
    const job = await jobOf(instance);
    expect(job.retries).toBe(4);
    await execute(job);
    const [failed, next, ...others] = await jobsOf(instance);
    expect(others).toEqual([]);
    expect(failed).toMatchObject({ id: job.id, retries: 3 });
    expect(next).toMatchObject({ retries: 4, exceptionMessage: null });
    expect(minutesUntil(next as Job)).toBe(3_000);
    await execute(job);
    expect(await jobsOf(instance)).toHaveLength(2);
    await mend(instance);
    expect((await execute(job)).status).toBe(204);
    expect((await jobsOf(instance)).map(({ id }) => id)).toEqual([next?.id]);
    expect((await execute(next as Job)).status).toBe(204);
    expect(await jobsOf(instance)).toHaveLength(1);
    expect(await instance.open()).toEqual(['wait', 'work', 'work']);
  });

  it('is an incident of the definition when it should have started an instance', async () => {
    const key = rig.newKey();
    const timer = `${extension(retryCycle('R2/PT1H'))}${timerEvent('R3/PT50H', 'timeCycle')}`;
    await rig.deploy(
      key,
      ...[startOn('often', timer).replace('isInterrupting="true"', ''), end()],
      ...[taskWith('work', extension(needy)), flows('often', 'work', 'end')],
    );
    const jobs = () => jobsOfProcess(key);
    const [job, ...others] = await jobs();
    expect(others).toEqual([]);
    expect(job).toMatchObject({ retries: 2, processInstanceId: null });
    await execute(job as Job);
    const [failed, next, ...more] = await jobs();
    expect(more).toEqual([]);
    expect(failed).toMatchObject({ id: job?.id, retries: 1 });
    expect(minutesUntil(failed as Job)).toBe(60);
    expect(next).toMatchObject({ retries: 2, exceptionMessage: null });
    expect(minutesUntil(next as Job)).toBe(3_000);
    await execute(job as Job);
    expect((await jobs()).map(({ retries }) => retries)).toEqual([0, 2]);
    expect(await incidentsOfProcess(key)).toMatchObject([
      {
        incidentType: 'failedJob',
        activityId: 'often',
        configuration: job?.id,
        processInstanceId: null,
      },
    ]);
  });
});
