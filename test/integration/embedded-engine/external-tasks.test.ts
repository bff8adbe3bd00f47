import { expect, it } from 'vitest';
import { end, flows, parallel, start, task } from '../../support/bpmn/model.ts';
import { until } from '../../support/children.ts';
import { describeEngines, type Followed, type WireTask } from './engine-rig.ts';

const ONE_TASK = [start(), task('a'), end(), flows('start', 'a', 'end')];
const TWO_AT_ONCE = [
  ...[start(), parallel('fork'), task('a'), task('b'), end()],
  ...[flows('start', 'fork', 'a', 'end'), flows('fork', 'b', 'end')],
];

await describeEngines('external tasks', (rig) => {
  const post = (id: string, what: string, body?: object) =>
    rig.call('POST', `/external-task/${id}/${what}`, body);
  const show = async (id: string) => (await rig.call<WireTask>('GET', `/external-task/${id}`)).body;
  async function runAndLock(options: Parameters<typeof rig.fetch>[1] = {}) {
    const instance = await rig.run(ONE_TASK);
    const topic = `${instance.key}.a`;
    const [found] = await rig.fetch(topic, options);
    if (!found) throw new Error('no task');
    return { instance, topic, id: found.id };
  }

  // The first test here: with no task in the engine, nothing but the new one can wake the poll.
  it('a long poll that waits already is answered at once when a task comes', async () => {
    const key = rig.newKey();
    await rig.deploy(key, ...ONE_TASK);
    const poll = rig.fetch(`${key}.a`, { asyncResponseTimeout: 60_000 });
    await rig.call('GET', '/version');
    const instance = await rig.start(key);
    const from = Date.now();
    expect((await poll).map((one) => one.processInstanceId)).toEqual([instance.id]);
    expect(Date.now() - from).toBeLessThan(30_000);
  });

  it('a long poll is answered with nothing when no task comes in its time', async () => {
    const { key } = await rig.run(ONE_TASK);
    const from = Date.now();
    const tasks = await rig.fetch(`${key}.none`, { asyncResponseTimeout: 300 });
    expect(tasks).toEqual([]);
    expect(Date.now() - from).toBeGreaterThanOrEqual(290);
  });

  it('a poll without a waiting time is answered at once', async () => {
    const { key } = await rig.run(ONE_TASK);
    expect(await rig.fetch(`${key}.none`)).toEqual([]);
  });

  it('a poll brings no more than maxTasks, and only of its topics', async () => {
    const { key } = await rig.run(TWO_AT_ONCE);
    for (let more = 0; more < 2; more++) await rig.start(key);
    expect(await rig.fetch(`${key}.a`, { maxTasks: 2 })).toHaveLength(2);
    const rest = await rig.fetch(`${key}.a`, { maxTasks: 9 });
    expect(rest.map(({ activityId }) => activityId)).toEqual(['a']);
  });

  it('one poll for several topics brings the tasks of all', async () => {
    const { key } = await rig.run(TWO_AT_ONCE);
    const topics = ['a', 'b'].map((id) => ({ topicName: `${key}.${id}`, lockDuration: 60_000 }));
    const { body } = await rig.call<WireTask[]>('POST', '/external-task/fetchAndLock', {
      workerId: 'w1',
      maxTasks: 5,
      usePriority: true,
      topics,
    });
    expect(body.map(({ activityId }) => activityId).sort()).toEqual(['a', 'b']);
  });

  it('a poll that names variables gets those alone, and those that exist', async () => {
    const { key } = await rig.run(ONE_TASK, { a: 1, b: 'two', c: true });
    const some = await rig.fetch(`${key}.a`, { variables: ['a', 'b', 'missing'] });
    expect(Object.keys(some[0]?.variables ?? {}).sort()).toEqual(['a', 'b']);
    await rig.start(key, { a: 1 });
    const none = await rig.fetch(`${key}.a`, { variables: [] });
    expect(none[0]?.variables).toEqual({});
  });

  it('a locked task is given to nobody else until its lock has run out', async () => {
    const { topic, id } = await runAndLock({ lockDuration: 1_000 });
    expect(await rig.fetch(topic, { workerId: 'w2' })).toEqual([]);
    const taken = await until(
      async () => (await rig.fetch(topic, { workerId: 'w2' }))[0],
      'the lock runs out',
    );
    expect(taken).toMatchObject({ id, workerId: 'w2' });
    const late = await post(id, 'complete', { workerId: 'w1' });
    expect(late.status).toBe(400);
  });

  it('a worker whose lock ran out may still complete a task that nobody else took', async () => {
    const { instance, id } = await runAndLock({ lockDuration: 50 });
    await until(
      async () => Date.parse((await show(id)).lockExpirationTime ?? '') < Date.now(),
      'the lock runs out',
    );
    const extended = await post(id, 'extendLock', { workerId: 'w1', newDuration: 60_000 });
    expect(extended.status).toBe(400);
    expect(extended.body.message).toContain('Cannot extend a lock that expired');
    expect((await post(id, 'complete', { workerId: 'w1' })).status).toBe(204);
    expect(await instance.state()).toBe('COMPLETED');
  });

  it('an extended lock holds longer', async () => {
    const { id } = await runAndLock({ lockDuration: 30_000 });
    const before = Date.parse((await show(id)).lockExpirationTime ?? '');
    const answer = await post(id, 'extendLock', { workerId: 'w1', newDuration: 90_000 });
    expect(answer.status).toBe(204);
    const after = Date.parse((await show(id)).lockExpirationTime ?? '');
    expect(after - before).toBeGreaterThan(50_000);
  });

  it('an unlocked task is free at once', async () => {
    const { topic, id } = await runAndLock();
    // As the client sends it: no body, no content type.
    expect((await post(id, 'unlock')).status).toBe(204);
    expect(await rig.fetch(topic, { workerId: 'w2' })).toHaveLength(1);
  });

  it('a task can be locked by its id, unless somebody else holds it', async () => {
    const { id } = await runAndLock();
    const lock = (workerId: string) => post(id, 'lock', { workerId, lockDuration: 60_000 });
    expect((await lock('w2')).status).toBe(400);
    expect((await lock('w1')).status).toBe(204);
    await post(id, 'unlock');
    expect((await lock('w2')).status).toBe(204);
    expect((await show(id)).workerId).toBe('w2');
  });

  it('what a worker completes with becomes the variables of the instance', async () => {
    const model = [start(), task('a'), task('b'), end(), flows('start', 'a', 'b', 'end')];
    const instance = await rig.run(model, { kept: 1, changed: 'old' });
    await instance.complete('a', { changed: { value: 'new' }, added: { value: true } });
    const { variables } = await instance.lock('b');
    expect(variables).toMatchObject({
      kept: { value: 1 },
      changed: { value: 'new' },
      added: { value: true },
    });
  });

  it('a worker that does not hold the task is refused with 400, whatever it reports', async () => {
    const { id } = await runAndLock();
    const reports: [what: string, body: object][] = [
      ['complete', {}],
      ['failure', { retries: 1, retryTimeout: 0 }],
      ['bpmnError', { errorCode: 'x' }],
      ['extendLock', { newDuration: 1_000 }],
    ];
    for (const [what, body] of reports) {
      const answer = await post(id, what, { workerId: 'w2', ...body });
      expect(answer).toMatchObject({ status: 400, body: { type: 'RestException' } });
      expect(answer.body.message).toMatch(/by worker 'w2''?\. It is locked by worker 'w1'\.$/);
    }
    expect((await show(id)).workerId).toBe('w1');
  });

  it('a report about a task that does not exist is answered with 404, whatever it says', async () => {
    const { instance, id } = await runAndLock();
    await post(id, 'complete', { workerId: 'w1' });
    expect(await instance.state()).toBe('COMPLETED');
    const reports: [what: string, body?: object][] = [
      ['complete', { workerId: 'w1' }],
      ['failure', { workerId: 'w1', retries: 1, retryTimeout: 0 }],
      ['bpmnError', { workerId: 'w1', errorCode: 'x' }],
      ['extendLock', { workerId: 'w1', newDuration: 1_000 }],
      ['unlock'],
    ];
    for (const [what, body] of reports) {
      expect(await post(id, what, body)).toMatchObject({
        status: 404,
        body: { type: 'RestException', message: `External task with id ${id} does not exist` },
      });
    }
  });

  it('of two simultaneous completions one is taken', async () => {
    const model = [start(), task('a'), task('b'), end(), flows('start', 'a', 'b', 'end')];
    const instance: Followed = await rig.run(model);
    const { id } = await instance.lock('a');
    const answers = await Promise.all(
      [1, 2].map(() => post(id, 'complete', { workerId: 'w1', variables: {} })),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(await instance.open()).toEqual(['b']);
  });
});
