import { it } from 'vitest';
import { toEngineVariables } from '../../../domain/engine/engine-variables.ts';
import {
  catchMessage,
  catchTimer,
  end,
  eventBased,
  expression,
  flows,
  onError,
  onTimer,
  start,
  subProcess,
  task,
} from '../../support/bpmn/model.ts';
import { until } from '../../support/children.ts';
import { describeEngines, type Followed } from './engine-rig.ts';

// They wait for a second each, so they wait together.
await describeEngines('timers', (rig) => {
  const opens = (instance: Followed, ...activities: string[]) =>
    until(
      async () => (await instance.open()).join() === activities.join(),
      `open: ${activities.join()}`,
    );
  /** The task `try` with a timer attached that leads to `late`. */
  const attached = (timer: string) => [
    ...[start(), task('try'), timer, task('done'), task('late'), end()],
    ...[flows('start', 'try', 'done', 'end'), flows('timer', 'late', 'end')],
  ];

  it.concurrent('an intermediate timer holds its path for the duration', async ({ expect }) => {
    const from = Date.now();
    const instance = await rig.run([
      ...[start(), catchTimer('rest', 'PT1S'), task('a'), end()],
      flows('start', 'rest', 'a', 'end'),
    ]);
    expect(await instance.open()).toEqual([]);
    await opens(instance, 'a');
    expect(Date.now() - from).toBeGreaterThanOrEqual(1_000);
  });

  it.concurrent('a duration may come from a variable', async () => {
    const instance = await rig.run(
      [
        ...[start(), catchTimer('rest', expression('pause')), task('a'), end()],
        flows('start', 'rest', 'a', 'end'),
      ],
      { pause: 'PT1S' },
    );
    await opens(instance, 'a');
  });

  it.concurrent('a timer may name a moment, that of a date variable', async ({ expect }) => {
    const atMoment = catchTimer('rest', expression('moment')).replaceAll(
      'timeDuration',
      'timeDate',
    );
    const instance = await rig.run([
      ...[start(), task('a'), atMoment, task('b'), end()],
      flows('start', 'a', 'rest', 'b', 'end'),
    ]);
    const moment = new Date(Date.now() + 1_500);
    await instance.complete('a', toEngineVariables({ moment }));
    await opens(instance, 'b');
    expect(Date.now()).toBeGreaterThanOrEqual(moment.getTime());
  });

  it.concurrent('an invalid duration fails the call that comes to it', async ({ expect }) => {
    const instance = await rig.run([
      ...[start(), task('a'), catchTimer('rest', 'soon'), end()],
      flows('start', 'a', 'rest', 'end'),
    ]);
    const answer = await instance.complete('a');
    expect(answer.status).toBe(500);
    expect(answer.body.message).toContain('soon');
    expect(await instance.open()).toEqual(['a']);
  });

  it.concurrent('a boundary timer removes the task and takes its own path', async ({ expect }) => {
    const instance = await rig.run(attached(onTimer('timer', 'try', 'PT1S')));
    const { id } = await instance.lock('try');
    await opens(instance, 'late');
    const body = { workerId: 'w1' };
    expect((await rig.call('POST', `/external-task/${id}/complete`, body)).status).toBe(404);
    await instance.complete('late');
    expect(await instance.state()).toBe('COMPLETED');
  });

  it.concurrent('a boundary timer that does not interrupt leaves the task alone', async ({
    expect,
  }) => {
    const instance = await rig.run(attached(onTimer('timer', 'try', 'PT1S', false)));
    await opens(instance, 'late', 'try');
    await instance.complete('late');
    await instance.complete('try');
    expect(await instance.open()).toEqual(['done']);
    await instance.complete('done');
    expect(await instance.state()).toBe('COMPLETED');
  });

  it.concurrent('a boundary timer ends a sub-process with all that runs inside', async () => {
    const inner = [start('in'), task('work'), end('out'), flows('in', 'work', 'out')];
    const model = attached(onTimer('timer', 'try', 'PT1S'));
    const instance = await rig.run(
      model.map((one) => (one === task('try') ? subProcess('try', ...inner) : one)),
    );
    await opens(instance, 'late');
  });

  it.concurrent('an event-based gateway takes the path of its timer when that is first', async ({
    expect,
  }) => {
    const instance = await rig.run([
      ...[start(), eventBased('wait'), catchMessage('told', 'told'), catchTimer('late', 'PT1S')],
      ...[task('a'), task('b'), end(), flows('start', 'wait', 'told', 'a', 'end')],
      flows('wait', 'late', 'b', 'end'),
    ]);
    await opens(instance, 'b');
    expect(await rig.engine.correlate('told', instance.id, {})).toBe(false);
  });

  // Other timers that were due later have fired by then: this one would have, too.
  it.concurrent('a boundary timer is off when its task is done, or has left by an error', async ({
    expect,
  }) => {
    const model = attached(onTimer('timer', 'try', 'PT1S'));
    const instance = await rig.run(model);
    await instance.complete('try');
    const refused = await rig.run([
      ...model,
      ...[onError('refused', 'try'), task('after'), flows('refused', 'after', 'end')],
    ]);
    await refused.bpmnError('try', 'NO');
    const later = await rig.run(attached(onTimer('timer', 'try', 'PT1S')));
    await opens(later, 'late');
    expect(await instance.open()).toEqual(['done']);
    expect(await refused.open()).toEqual(['after']);
  });
});
