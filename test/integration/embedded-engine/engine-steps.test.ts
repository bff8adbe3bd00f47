import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  catchMessage,
  catchTimer,
  end,
  exclusive,
  flow,
  flows,
  onTimer,
  start,
  subProcess,
  task,
} from '../../support/bpmn/model.ts';
import { until } from '../../support/children.ts';
import { type InProcess, openInProcess, text } from './engine-in-process.ts';

const TASKS = [start(), task('a'), task('b'), end(), flows('start', 'a', 'b', 'end')];
const call = (id: string, called: string): string =>
  `<callActivity id="${id}" calledElement="${called}"><extensionElements><camunda:in variables="all" /><camunda:out variables="all" /></extensionElements></callActivity>`;
const async = (element: string): string =>
  element.replace(/ id=/, ' camunda:asyncBefore="true" id=');

describe.each([
  ['with its cache', {}],
  ['reading the state before every step', { cachedStates: 0 }],
])('the embedded engine, %s', (_, options) => {
  let rig: InProcess;
  beforeEach(() => {
    rig = openInProcess(options);
  });
  afterEach(() => rig.close());

  it('keeps in the history what was around an activity, also when both came and went in one step', async () => {
    const inner = subProcess('inner', start('in'), end('out'), flows('in', 'out'));
    await rig.deploy({ p: [start(), inner, task('a'), flows('start', 'inner', 'a')] });
    const { id } = await rig.start('p');
    const activities = rig.engine.history.activities(id);
    const around = (wanted: string): string | null | undefined =>
      activities.find(({ activityId }) => activityId === wanted)?.parentActivityInstanceId;
    expect(around('in')).toBe(activities.find(({ activityId }) => activityId === 'inner')?.id);
    expect(around('inner')).toBe(id);
  });

  it('takes an instance from task to task to its end, with its history', async () => {
    await rig.deploy({ p: TASKS });
    const { id, state } = await rig.start('p', { given: text('x') });
    expect(state).toBe('ACTIVE');
    expect(rig.open(id)).toEqual(['a']);
    await rig.complete('p.a', { done: text('y') });
    expect(rig.open(id)).toEqual(['b']);
    expect(rig.engine.instances.variables(id)).toEqual({ given: text('x'), done: text('y') });
    await rig.complete('p.b');

    expect(rig.engine.history.instance(id)).toMatchObject({
      state: 'COMPLETED',
      businessKey: 'business',
      startActivityId: 'start',
      endActivityId: 'end',
    });
    const activities = rig.engine.history.activities(id);
    expect(activities.map(({ activityId }) => activityId)).toEqual(['start', 'a', 'b', 'end']);
    const variables = rig.engine.history.variables(id);
    expect(variables.map(({ name }) => name).sort()).toEqual(['done', 'given']);
    expect(() => rig.engine.instances.get(id)).toThrow('does not exist');
    for (const table of ['engine_state', 'engine_external_task', 'engine_wait']) {
      expect(rig.db.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get(), table).toBe(0);
    }
  });

  it('resumes tasks, timers and messages after a restart', async () => {
    await rig.deploy({
      p: [
        ...[start(), '<parallelGateway id="fork" />', task('a'), catchTimer('rest', 'PT1H')],
        ...[task('b'), catchMessage('wait', 'told'), task('c'), end(), end('end2'), end('end3')],
        ...[flows('start', 'fork', 'a', 'end'), flows('fork', 'rest', 'b', 'end2')],
        flows('fork', 'wait', 'c', 'end3'),
      ],
    });
    const { id } = await rig.start('p', { kept: text('kept') });
    await rig.restart();

    expect(rig.open(id)).toEqual(['a']);
    expect(rig.engine.instances.variables(id)).toEqual({ kept: text('kept') });
    expect(rig.engine.events.subscriptions({ processInstanceId: id })).toMatchObject([
      { eventType: 'message', eventName: 'told', activityId: 'wait' },
    ]);
    await rig.engine.events.correlate({ messageName: 'told', businessKey: 'business' });
    expect(rig.open(id)).toEqual(['a', 'c']);
    expect(rig.engine.jobs.list({})).toMatchObject([{ kind: 'timer', activityId: 'rest' }]);
    rig.passes(3_600_000);
    await rig.restart();
    await rig.opens(id, 'a', 'b', 'c');
    for (const one of ['a', 'b', 'c']) await rig.complete(`p.${one}`);
    expect(rig.engine.history.instance(id).state).toBe('COMPLETED');
  });

  it('keeps a called process in the state of the one that calls it, and shows it apart', async () => {
    await rig.deploy({
      caller: [
        start(),
        call('call', 'called'),
        task('after'),
        end(),
        flows('start', 'call', 'after', 'end'),
      ],
      called: [start('in'), task('work'), end('out'), flows('in', 'work', 'out')],
    });
    const { id } = await rig.start('caller', { given: text('x') });
    const [called] = rig.engine.instances.list({ superId: id });
    expect(called).toMatchObject({ rootId: id, superActivityId: 'call', processKey: 'called' });
    const calledId = String(called?.id);
    expect(rig.open(id)).toEqual([]);
    expect(rig.open(calledId)).toEqual(['work']);
    expect(rig.engine.instances.variables(calledId)).toEqual({ given: text('x') });
    await rig.restart();

    await rig.complete('called.work', { result: text('y') });
    expect(rig.engine.history.instance(calledId).state).toBe('COMPLETED');
    expect(rig.open(id)).toEqual(['after']);
    expect(rig.engine.instances.variables(id)).toMatchObject({ result: text('y') });
    const [first] = rig.engine.history.activities(id).filter((one) => one.activityId === 'call');
    expect(first?.calledProcessInstanceId).toBe(calledId);
  });

  it('ends a deleted instance with all that it called', async () => {
    await rig.deploy({
      caller: [start(), call('call', 'called'), end(), flows('start', 'call', 'end')],
      called: [start('in'), task('work'), end('out'), flows('in', 'work', 'out')],
    });
    const { id } = await rig.start('caller');
    const [called] = rig.engine.instances.list({ superId: id });
    await rig.engine.instances.delete(id, 'not needed');
    for (const one of [id, String(called?.id)]) {
      expect(rig.engine.history.instance(one)).toMatchObject({
        state: 'EXTERNALLY_TERMINATED',
        deleteReason: 'not needed',
      });
    }
    expect(await rig.fetch('called.work')).toEqual([]);
    await rig.engine.history.delete(id);
    expect(() => rig.engine.history.instance(String(called?.id))).toThrow('does not exist');
  });

  it('changes nothing when a step fails, and says why', async () => {
    await rig.deploy({
      p: [
        ...[start(), task('a'), exclusive('which'), task('b'), end(), flows('start', 'a', 'which')],
        ...[flow('which', 'b', 'go'), flow('which', 'end', 'go && !go'), flows('b', 'end')],
      ],
    });
    const { id } = await rig.start('p');
    const [found] = await rig.fetch('p.a');
    const taskId = String(found?.id);
    const go = (value: boolean) => ({ go: { type: 'Boolean', value } });
    const { externalTasks } = rig.engine;
    await expect(externalTasks.complete(taskId, 'w', go(false))).rejects.toMatchObject({
      status: 500,
      type: 'ProcessEngineException',
      message: expect.stringContaining('which'),
    });
    expect(rig.open(id)).toEqual(['a']);
    expect(rig.engine.instances.variables(id)).toEqual({});
    await externalTasks.complete(taskId, 'w', go(true));
    expect(rig.open(id)).toEqual(['b']);
  });

  it('takes steps of one instance one after the other, those of a rolled back commit again', async () => {
    await rig.deploy({
      p: [
        ...[start(), '<parallelGateway id="fork" />', task('a'), task('b'), task('c')],
        ...['<parallelGateway id="join" />', task('last'), end(), flows('start', 'fork')],
        ...[
          ...['a', 'b', 'c'].map((one) => flows('fork', one, 'join')),
          flows('join', 'last', 'end'),
        ],
      ],
    });
    const instances = await Promise.all(Array.from({ length: 20 }, () => rig.start('p')));
    const tasks = (
      await Promise.all(['a', 'b', 'c'].map((one) => rig.fetch(`p.${one}`, { maxTasks: 20 })))
    ).flat();
    expect(tasks).toHaveLength(60);
    // A row that makes the commit of one of them fail, once.
    rig.db.exec(
      `CREATE TEMP TABLE fault (left INT); INSERT INTO fault VALUES (1);
       CREATE TEMP TRIGGER fail BEFORE DELETE ON engine_external_task WHEN OLD.root_id = '${instances[7]?.id}'
         AND OLD.activity_id = 'b' BEGIN SELECT RAISE(ROLLBACK, 'planned'); END`,
    );
    const { externalTasks } = rig.engine;
    const done = await Promise.allSettled(
      tasks.map(({ id }) => externalTasks.complete(id, 'w', {})),
    );
    expect(done.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    rig.db.exec('DROP TRIGGER temp.fail');
    for (const [at, { id }] of instances.entries()) {
      expect(rig.open(id), String(at)).toEqual(at === 7 ? ['b'] : ['last']);
    }
    const [failed] = rig.engine.externalTasks.list({
      processInstanceIds: [String(instances[7]?.id)],
    });
    await externalTasks.complete(String(failed?.id), 'w', {});
    expect(rig.open(String(instances[7]?.id))).toEqual(['last']);
  });

  it('runs a job right after its commit, and makes an incident of one that fails', async () => {
    await rig.deploy({
      good: [start(), async(task('a')), end(), flows('start', 'a', 'end')],
    });
    await rig.deploy({
      bad: [
        ...[start(), async(exclusive('which')), task('a'), end(), flows('start', 'which')],
        ...[flow('which', 'a', 'go'), flow('which', 'end', 'go && !go'), flows('a', 'end')],
      ],
    });
    const good = await rig.start('good');
    await rig.opens(good.id, 'a');
    const bad = await rig.start('bad', { go: { type: 'Boolean', value: false } });
    const incidents = () => rig.engine.jobs.incidents({ processInstanceIds: [bad.id] });
    await until(async () => incidents().length === 1, 'the incident');
    expect(incidents()).toMatchObject([{ type: 'failedJob', activityId: 'which' }]);
    const [job] = rig.engine.jobs.list({ processInstanceIds: [bad.id] });
    expect(job).toMatchObject({ retries: 0, exceptionMessage: expect.stringContaining('which') });
    await rig.restart();
    expect(incidents()).toHaveLength(1);
    await rig.engine.instances.setVariables(bad.id, {
      set: { go: { type: 'Boolean', value: true } },
    });
    await rig.engine.jobs.setRetries(String(job?.id), 1);
    await rig.opens(bad.id, 'a');
    expect(incidents()).toEqual([]);
  });

  it('repeats a timer that does not interrupt as often as its cycle says', async () => {
    const cycle = onTimer('timer', 'a', 'PT1H', false)
      .replaceAll('timeDuration', 'timeCycle')
      .replace('PT1H', 'R2/PT1H');
    await rig.deploy({
      p: [
        ...[start(), task('a'), end(), cycle, task('b'), end('end2')],
        ...[flows('start', 'a', 'end'), flows('timer', 'b', 'end2')],
      ],
    });
    const { id } = await rig.start('p');
    rig.passes(3_600_000);
    await rig.restart();
    await rig.opens(id, 'a', 'b');
    rig.passes(3_600_000);
    await rig.restart();
    await rig.opens(id, 'a', 'b', 'b');
    expect(rig.engine.jobs.list({ processInstanceIds: [id] })).toEqual([]);
  });
});
