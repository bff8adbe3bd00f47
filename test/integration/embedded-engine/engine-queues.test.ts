import { afterEach, beforeEach, expect, it } from 'vitest';
import { catchMessage, end, expression, flows, start, task } from '../../support/bpmn/model.ts';
import { until } from '../../support/children.ts';
import { type InProcess, openInProcess, text } from './engine-in-process.ts';

const ONE = [start(), task('a'), end(), flows('start', 'a', 'end')];
const USER = (attributes: string): string[] => [
  ...[start(), `<userTask id="a" name="Review" ${attributes} />`, end()],
  flows('start', 'a', 'end'),
];
const caught = (id: string, kind: 'message' | 'signal', name: string): string =>
  `<startEvent id="${id}"><${kind}EventDefinition ${kind}Ref="${kind}_${name}" /></startEvent>`;

let rig: InProcess;
beforeEach(() => {
  rig = openInProcess();
});
afterEach(() => rig.close());

it('gives a worker more tasks than are kept in memory, each once, in the order of their creation', async () => {
  await rig.deploy({ p: ONE });
  const ids: string[] = [];
  for (let at = 0; at < 60; at++) {
    const some = await Promise.all(Array.from({ length: 100 }, () => rig.start('p')));
    ids.push(...some.map(({ id }) => id));
    // The queue is in memory from here on.
    if (at === 2) expect(await rig.fetch('p.nothing')).toEqual([]);
    if (at === 3) expect(await rig.fetch('p.a', { maxTasks: 1 })).toHaveLength(1);
  }
  const taken: string[] = [];
  for (let found = await rig.fetch('p.a', { maxTasks: 700 }); found.length > 0; ) {
    taken.push(...found.map(({ processInstanceId }) => processInstanceId));
    found = await rig.fetch('p.a', { maxTasks: 700 });
  }
  expect(taken).toHaveLength(5_999);
  expect(new Set(taken).size).toBe(5_999);
  expect(rig.engine.externalTasks.count({ locked: true })).toBe(6_000);
  rig.passes(60_001);
  expect(await rig.fetch('p.a', { maxTasks: 10_000 })).toHaveLength(6_000);
});

it('gives tasks of higher priority first, and answers a long poll at the commit', async () => {
  await rig.deploy({
    p: [
      ...[
        start(),
        task('a').replace(
          'camunda:topic',
          `camunda:taskPriority="${expression('priority')}" camunda:topic`,
        ),
      ],
      ...[end(), flows('start', 'a', 'end')],
    ],
  });
  const priority = (value: number) => ({ priority: { type: 'Integer', value } });
  const waiting = rig.fetch('p.a', { waitMs: 60_000 });
  const first = await rig.start('p', priority(1));
  expect(await waiting).toMatchObject([{ processInstanceId: first.id, priority: 1 }]);
  for (const one of [5, 9, 7]) await rig.start('p', priority(one));
  const found = await rig.fetch('p.a', { maxTasks: 3 });
  expect(found.map((one) => one.priority)).toEqual([9, 7, 5]);
});

it('G14: gives the later steps of old instances before the first steps of new ones, unless an order is asked for', async () => {
  await rig.deploy({ p: [start(), task('a'), task('b'), end(), flows('start', 'a', 'b', 'end')] });
  const olds = [await rig.start('p'), await rig.start('p')];
  const taken = await rig.fetch('p.a', { maxTasks: 2 });
  const young = await rig.start('p');
  for (const { id } of taken) await rig.engine.externalTasks.complete(id, 'w', {});
  const fetchNext = async (createTime?: 'asc'): Promise<string[]> => {
    const { tasks } = rig.engine.externalTasks.fetchAndLock({
      workerId: 'w',
      maxTasks: 3,
      ...(createTime ? { createTime } : {}),
      topics: ['p.a', 'p.b'].map((topicName) => ({ topicName, lockDuration: 1_000 })),
    });
    return (await tasks).map(({ processInstanceId }) => processInstanceId);
  };
  expect(await fetchNext()).toEqual([...olds, young].map(({ id }) => id));
  rig.passes(1_001);
  expect((await fetchNext('asc'))[0]).toBe(young.id);
});

it('keeps the pause of a failed task over a restart', async () => {
  await rig.deploy({ p: ONE });
  await rig.start('p');
  const [locked] = await rig.fetch('p.a');
  await rig.engine.externalTasks.failure(String(locked?.id), 'w', {
    errorMessage: 'away',
    errorDetails: 'far away',
    retries: 2,
    retryTimeout: 600_000,
  });
  await rig.restart();
  expect(await rig.fetch('p.a')).toEqual([]);
  rig.passes(600_001);
  expect(await rig.fetch('p.a')).toMatchObject([
    { id: locked?.id, retries: 2, errorMessage: 'away', errorDetails: 'far away' },
  ]);
});

it('shows user tasks to their candidates until somebody claims them', async () => {
  await rig.deploy({
    p: USER(
      `camunda:candidateGroups="clerks, ${expression('other')}" camunda:dueDate="2030-01-01T00:00:00Z"`,
    ),
  });
  const { id } = await rig.start('p', { other: text('bosses') });
  const { userTasks } = rig.engine;
  for (const group of ['clerks', 'bosses']) {
    expect(userTasks.list({ candidateGroups: [group] })).toMatchObject([
      { name: 'Review', definitionKey: 'a', processInstanceId: id, due: Date.UTC(2030, 0, 1) },
    ]);
  }
  const [found] = userTasks.list({ processKeys: ['p'], unassigned: true });
  const taskId = String(found?.id);
  await userTasks.claim(taskId, 'ada');
  await expect(userTasks.claim(taskId, 'bob')).rejects.toThrow('already claimed');
  await rig.restart();
  expect(rig.engine.userTasks.list({ candidateGroups: ['clerks'] })).toEqual([]);
  expect(rig.engine.userTasks.list({ assignee: 'ada' })).toHaveLength(1);
  await rig.engine.userTasks.complete(taskId, { approved: text('yes') });
  expect(rig.engine.history.instance(id).state).toBe('COMPLETED');
  expect(() => rig.engine.userTasks.get(taskId)).toThrow('No matching task');
});

it('starts the newest version by its message, and none that waits for another', async () => {
  const versions = (last: string) => [
    ...[caught('start', 'message', 'order'), task(last), end(), flows('start', last, 'end')],
  ];
  await rig.deploy({ p: versions('old') });
  await rig.deploy({ p: versions('new') });
  await rig.restart();
  const { correlate } = rig.engine.events;
  const { processInstance } = await correlate({ messageName: 'order', businessKey: 'b' });
  expect(rig.open(String(processInstance?.id))).toEqual(['new']);
  await expect(correlate({ messageName: 'nothing' })).rejects.toThrow(
    'No process definition or execution matches the parameters',
  );
  await expect(rig.deploy({ q: versions('x') })).rejects.toThrow('already is a message event');
});

it('refuses a message that two executions wait for', async () => {
  const catching = [start(), catchMessage('wait', 'told'), task('a'), end()];
  await rig.deploy({ p: [...catching, flows('start', 'wait', 'a', 'end')] });
  const [one, two] = [await rig.start('p', {}, 'one'), await rig.start('p', { key: text('two') })];
  const { correlate } = rig.engine.events;
  await expect(correlate({ messageName: 'told' })).rejects.toThrow('2 executions match');
  await correlate({ messageName: 'told', correlationKeys: { key: text('two') } });
  expect([rig.open(one.id), rig.open(two.id)]).toEqual([[], ['a']]);
  await correlate({ messageName: 'told', businessKey: 'one' });
  expect(rig.open(one.id)).toEqual(['a']);
});

it('gives a thrown signal to all instances that wait for it, and starts what it starts', async () => {
  const caughtSignal = `<intermediateCatchEvent id="wait"><signalEventDefinition signalRef="signal_go" /></intermediateCatchEvent>`;
  const thrown = `<intermediateThrowEvent id="throw"><signalEventDefinition signalRef="signal_go" /></intermediateThrowEvent>`;
  await rig.deploy({
    p: [start(), caughtSignal, task('a'), end(), flows('start', 'wait', 'a', 'end')],
  });
  await rig.deploy({
    started: [caught('start', 'signal', 'go'), task('a'), end(), flows('start', 'a', 'end')],
  });
  await rig.deploy({ thrower: [start(), thrown, end(), flows('start', 'throw', 'end')] });
  // More than one commit takes along.
  const waiting = await Promise.all(Array.from({ length: 150 }, () => rig.start('p')));
  await rig.start('thrower');
  await until(
    async () => waiting.every(({ id }) => rig.open(id).join() === 'a'),
    'all have had the signal',
  );
  expect(rig.engine.instances.count({ processKeys: ['started'] })).toBe(1);
});

it('starts a process by its timer, that of the newest version alone', async () => {
  const timed = (cycle: string, last: string) => [
    `<startEvent id="start"><timerEventDefinition><timeCycle>${cycle}</timeCycle></timerEventDefinition></startEvent>`,
    ...[task(last), end(), flows('start', last, 'end')],
  ];
  await rig.deploy({ p: timed('R2/PT1H', 'old') });
  await rig.deploy({ p: timed('R2/PT2H', 'new') });
  expect(rig.engine.jobs.list({})).toMatchObject([{ kind: 'start-timer', activityId: 'start' }]);
  const count = () => rig.engine.instances.count({ processKeys: ['p'] });
  rig.passes(3_600_000);
  await rig.restart();
  expect(count()).toBe(0);
  rig.passes(3_600_000);
  await rig.restart();
  await until(async () => count() === 1, 'the first instance');
  rig.passes(7_200_000);
  await rig.restart();
  await until(async () => count() === 2, 'the second instance');
  await until(async () => rig.engine.jobs.list({}).length === 0, 'the end of the cycle');
  expect(await rig.fetch('p.old')).toEqual([]);
});

it('deploys only what has changed, and deletes a deployment with its instances', async () => {
  await rig.deploy({ p: ONE });
  const { deployments } = rig.engine;
  const [first] = deployments.definitions();
  const file = { fileName: 'p.bpmn', content: deployments.xml(String(first?.id)) };
  expect((await deployments.deploy([file], { changedOnly: true })).definitions).toEqual([]);
  const { definitions, deployment } = await deployments.deploy([file]);
  expect(definitions).toMatchObject([{ key: 'p', version: 2, historyDays: 1 }]);
  const { id } = await rig.start('p');
  await expect(deployments.delete(deployment.id, false)).rejects.toThrow(
    'running process instances',
  );
  await deployments.delete(deployment.id, true);
  expect(() => rig.engine.history.instance(id)).toThrow('does not exist');
  expect(rig.engine.deployments.latest('p').version).toBe(1);
  expect(await rig.fetch('p.a')).toEqual([]);
});

it('drops an ended instance when its time in the history is over', async () => {
  await rig.deploy({ p: ONE });
  const { id } = await rig.start('p');
  await rig.complete('p.a');
  rig.passes(86_400_000 - 60_000);
  await rig.restart();
  expect(rig.engine.history.instance(id).state).toBe('COMPLETED');
  rig.passes(120_000);
  await rig.restart();
  const rows = () => rig.db.prepare('SELECT COUNT(*) FROM engine_activity').pluck().get();
  await until(async () => rows() === 0, 'the history is gone');
  expect(() => rig.engine.history.instance(id)).toThrow('does not exist');
});

it('lets an instance alone whose state cannot be read, and continues with the others', async () => {
  await rig.deploy({ p: ONE });
  const [broken, whole] = [await rig.start('p'), await rig.start('p')];
  rig.db
    .prepare("UPDATE engine_state SET state = '{', version = 9 WHERE root_id = ?")
    .run(broken.id);
  await rig.restart();
  expect(() => rig.engine.instances.variables(broken.id)).toThrow('cannot be read');
  expect(await rig.fetch('p.a', { maxTasks: 10 })).toMatchObject([{ processInstanceId: whole.id }]);
  expect(rig.engine.unreadable()).toMatchObject([{ rootProcessInstanceId: broken.id }]);
  const [task] = rig.engine.externalTasks.list({ processInstanceIds: [whole.id] });
  await rig.engine.externalTasks.complete(String(task?.id), 'w', {});
  expect(rig.engine.history.instance(whole.id).state).toBe('COMPLETED');
});
