import { expect, it } from 'vitest';
import { end, expression, flows, start } from '../../support/bpmn/model.ts';
import {
  boundary,
  catches,
  eventSubProcess,
  extension,
  loop,
  startOn,
  taskWith,
  timerEvent,
} from '../../support/bpmn/notation.ts';
import { describeEngines } from './engine-rig.ts';
import { ASYNC, jobsIn, minutesUntil, needy, retryCycle } from './job-rig.ts';

await describeEngines('a retry cycle', (rig) => {
  const { jobsOf, jobOf, failedJobOf, incidentsOf, incidentOf, execute, runFailing } = jobsIn(rig);

  it('of R3/PT1H gives three attempts, an hour apart, and one by hand in between counts', async () => {
    const instance = await runFailing('R3/PT1H');
    const first = await failedJobOf(instance);
    expect(first.retries).toBe(2);
    expect(minutesUntil(first)).toBe(60);
    expect(await incidentsOf(instance)).toEqual([]);
    expect((await execute(first)).status).not.toBe(204);
    const second = await jobOf(instance);
    expect(second).toMatchObject({ id: first.id, retries: 1 });
    expect(minutesUntil(second)).toBe(60);
    expect(await incidentsOf(instance)).toEqual([]);
    await execute(first);
    expect((await jobOf(instance)).retries).toBe(0);
    const [incident] = await incidentsOf(instance);
    expect(incident).toMatchObject({ incidentType: 'failedJob', configuration: first.id });
    await execute(first);
    expect((await jobOf(instance)).retries).toBe(0);
    expect((await incidentsOf(instance)).map(({ id }) => id)).toEqual([incident?.id]);
  });

  it('of a list gives one more attempt after each interval', async () => {
    const instance = await runFailing('PT10M, PT2H');
    const first = await failedJobOf(instance);
    expect([first.retries, minutesUntil(first)]).toEqual([2, 10]);
    await execute(first);
    const second = await jobOf(instance);
    expect([second.retries, minutesUntil(second)]).toEqual([1, 120]);
    await execute(first);
    expect((await jobOf(instance)).retries).toBe(0);
    expect(await incidentsOf(instance)).toHaveLength(1);
  });

  it('of a single interval gives one more attempt', async () => {
    const instance = await runFailing('PT1H');
    const first = await failedJobOf(instance);
    expect([first.retries, minutesUntil(first)]).toEqual([1, 60]);
    await execute(first);
    expect(await incidentsOf(instance)).toHaveLength(1);
  });

  it('that is an expression is read again at each failure', async () => {
    const instance = await runFailing(expression('cycle'), { cycle: 'R5/PT1H' });
    const first = await failedJobOf(instance);
    expect([first.retries, minutesUntil(first)]).toEqual([4, 60]);
    const path = `/process-instance/${instance.id}/variables/cycle`;
    await rig.call('PUT', path, { value: 'PT3H', type: 'String' });
    await execute(first);
    const second = await jobOf(instance);
    expect([second.retries, minutesUntil(second)]).toEqual([3, 180]);
  });

  it('leaves the due date as it was when the next interval cannot be read', async () => {
    const instance = await runFailing('PT1H,soon,PT2H');
    const first = await failedJobOf(instance);
    expect([first.retries, minutesUntil(first)]).toEqual([3, 60]);
    await execute(first);
    const second = await jobOf(instance);
    expect(second.retries).toBe(2);
    expect(minutesUntil(second)).toBe(60);
    const last = await execute(first).then(() => jobOf(instance));
    expect([last.retries, minutesUntil(last)]).toEqual([1, 120]);
  });

  // The attempts that a job begins with, seen on a timer that is not due.
  it.each([
    ['', 3],
    ['R5/PT1H', 5],
    ['PT1M,PT5M', 3],
    ['PT10S', 2],
    ['R/PT1M', 2_147_483_647],
    ['R0/PT1M', 1],
    ['R1/PT1M', 1],
    [`R3/${expression('seconds')}`, 3],
    [expression('cycle'), 4],
    [expression('unknown'), 3],
    [expression('number'), 3],
    ['soon', 3],
    ['R99999999999/PT1M', 3],
    ['PT1M,soon', 3],
  ])('of "%s" gives %i attempts', async (cycle, attempts) => {
    const inner = cycle === '' ? '' : extension(retryCycle(cycle));
    const later = (id: string) => catches(id, `${inner}${timerEvent('P9D')}`);
    const instance = await rig.run(
      [
        ...[start(), later('later'), end(), flows('start', 'later', 'end')],
        eventSubProcess(
          'handler',
          startOn('on', `${inner}${timerEvent('P9D')}`, false),
          ...[end('e'), flows('on', 'e')],
        ),
      ],
      { cycle: 'R4/PT1M', number: 7 },
    );
    const jobs = await jobsOf(instance);
    expect(jobs.map(({ retries }) => retries)).toEqual([attempts, attempts]);
  });

  it('of a boundary event counts for its timer, that of its activity does not', async () => {
    const cycle = (text: string) => extension(retryCycle(text));
    const instance = await rig.run([
      ...[start(), taskWith('work', cycle('R5/PT1H')), end(), flows('start', 'work', 'end')],
      boundary('late', 'work', `${cycle('R7/PT1H')}${timerEvent('P9D')}`),
      flows('late', 'end'),
    ]);
    expect(await jobOf(instance)).toMatchObject({ retries: 7 });
  });

  it('of an activity counts for the job before its loop, that of the loop for each instance', async () => {
    const body = await rig.run([
      start(),
      taskWith(
        'work',
        `${extension(retryCycle('R5/PT1H'))}${loop({ cardinality: expression('needed') })}`,
        ASYNC,
      ),
      ...[end(), flows('start', 'work', 'end')],
    ]);
    expect(await failedJobOf(body)).toMatchObject({ retries: 4 });
    const inner = loop({ cardinality: '1', attributes: ASYNC }).replace(
      /^(<multi[^>]*>)/,
      `$1${extension(retryCycle('R6/PT1H'))}`,
    );
    const instance = await rig.run([
      start(),
      taskWith('work', `${extension(retryCycle('R5/PT1H'))}${inner}`).replace(
        /camunda:topic="[^"]*"/,
        `camunda:topic="${expression('needed')}"`,
      ),
      ...[end(), flows('start', 'work', 'end')],
    ]);
    expect(await failedJobOf(instance)).toMatchObject({ retries: 5 });
  });

  it('of a manual task is ignored', async () => {
    const inner = extension(`${retryCycle('R9/PT1H')}${needy}`);
    const manual = `<manualTask id="work" ${ASYNC}>${inner}</manualTask>`;
    const instance = await rig.run([start(), manual, end(), flows('start', 'work', 'end')]);
    await incidentOf(instance);
  });

  it('counts for the job that leaves its activity, too', async () => {
    const instance = await rig.run([
      start(),
      taskWith('first', extension(retryCycle('R5/PT1H')), 'camunda:asyncAfter="true"').replace(
        'camunda:topic="first"',
        'camunda:topic="@key.first"',
      ),
      ...[taskWith('work', extension(needy)), end(), flows('start', 'first', 'work', 'end')],
    ]);
    expect((await instance.complete('first')).status).toBe(204);
    expect(await failedJobOf(instance)).toMatchObject({ retries: 4 });
  });
});
