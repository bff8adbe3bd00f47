import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EngineVariables } from '../../../domain/engine/engine-variables.ts';
import {
  catchMessage,
  catchTimer,
  end,
  eventBased,
  flows,
  onError,
  onTimer,
  parallel,
  start,
  subProcess,
  task,
} from '../../support/bpmn/model.ts';
import { endWithUs, until } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { createRig, type Followed, type WireTask } from './engine-rig.ts';

const SCRIPT = await builtFile('test/support/programs/run-embedded-engine.ts');

const folder = temporaryFolder();
let child: ChildProcess;
let url = '';
const rig = createRig(() => url);

async function startEngine(): Promise<void> {
  child = spawn(process.execPath, [SCRIPT, join(folder.path, 'engine.db')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child);
  if (!child.stdout) throw new Error('no output');
  const [line] = await once(createInterface(child.stdout), 'line');
  url = String(line);
}

async function killEngine(): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function killAndRestart(): Promise<void> {
  await killEngine();
  await startEngine();
}

const opens = (instance: Followed, ...activities: string[]) =>
  until(
    async () => (await instance.open()).join() === activities.join(),
    `open: ${activities.join()}`,
  );

beforeAll(startEngine);
afterAll(async () => {
  await killEngine();
  folder.remove();
});

it('G10: an instance with an open task, a timer and a message resumes after kill -9', async () => {
  const from = Date.now();
  const instance = await rig.run(
    [
      ...[start(), parallel('fork'), task('a'), catchTimer('rest', 'PT2S'), task('b')],
      ...[catchMessage('wait', 'told'), task('c'), parallel('join'), task('last'), end()],
      ...[flows('start', 'fork', 'a', 'join', 'last', 'end'), flows('fork', 'rest', 'b', 'join')],
      flows('fork', 'wait', 'c', 'join'),
    ],
    { text: 'kept', nested: { list: [1, null] } },
  );
  const before = await instance.variables();
  await killAndRestart();

  expect(await instance.open()).toContain('a');
  expect(await instance.variables()).toEqual(before);
  expect(await rig.engine.findInstances(instance.key, instance.businessKey)).toMatchObject([
    { processInstanceId: instance.id, state: 'active' },
  ]);
  await instance.complete('a', { done: { value: true } });
  expect(await rig.engine.correlate('told', instance.id, {})).toBe(true);
  await opens(instance, 'b', 'c');
  expect(Date.now() - from).toBeGreaterThanOrEqual(2_000);
  await killAndRestart();

  await instance.complete('b');
  await instance.complete('c');
  await killAndRestart();
  await instance.complete('last');
  expect(await instance.state()).toBe('COMPLETED');
});

it('a timer that was due while the engine was away fires when it is back', async () => {
  const instance = await rig.run([
    ...[start(), catchTimer('rest', 'PT1S'), task('a'), end()],
    flows('start', 'rest', 'a', 'end'),
  ]);
  const due = Date.now() + 1_000;
  await killEngine();
  await until(() => Date.now() > due, 'the timer is due');
  await startEngine();
  await opens(instance, 'a');
});

it('locks end with the engine, but the pause and the retries of a failed task survive it', async () => {
  const model = [start(), task('a'), end(), flows('start', 'a', 'end')];
  const locked = await rig.run(model);
  const { id } = await locked.lock('a');
  const failed = await rig.run(model);
  const { id: failedId } = await failed.lock('a');
  await rig.call('POST', `/external-task/${failedId}/failure`, {
    workerId: 'w1',
    errorMessage: 'away',
    errorDetails: 'details',
    retries: 2,
    retryTimeout: 600_000,
  });
  await killAndRestart();

  const [again] = await rig.fetch(`${locked.key}.a`, { workerId: 'w2' });
  expect(again?.id).toBe(id);
  expect(await rig.fetch(`${failed.key}.a`)).toEqual([]);
  const { body } = await rig.call<WireTask>('GET', `/external-task/${failedId}`);
  expect(body).toMatchObject({ retries: 2, errorMessage: 'away' });
  await rig.call('POST', `/external-task/${failedId}/unlock`);
  expect(await failed.lock('a')).toMatchObject({ id: failedId, errorDetails: 'details' });
});

it('deployments stay with their versions, and an incident stays one, after kill -9', async () => {
  const instance = await rig.run([start(), task('a'), end(), flows('start', 'a', 'end')]);
  const { id } = await instance.lock('a');
  const failure = { workerId: 'w1', retries: 0, retryTimeout: 0 };
  await rig.call('POST', `/external-task/${id}/failure`, failure);
  await rig.deploy(instance.key, start(), task('b'), end(), flows('start', 'b', 'end'));
  await killAndRestart();

  const incidents = await rig.call('GET', `/incident?processInstanceId=${instance.id}`);
  expect(incidents.body).toHaveLength(1);
  expect(await rig.fetch(`${instance.key}.a`)).toEqual([]);
  await rig.deploy(instance.key, start(), task('b'), end(), flows('start', 'b', 'end'));
  const path = `/process-definition?key=${instance.key}`;
  const { body } = await rig.call<{ version: number }[]>('GET', path);
  expect(body.map(({ version }) => version)).toEqual([1, 2]);
  const newer = await rig.start(instance.key);
  expect(await newer.open()).toEqual(['b']);
  await rig.call('PUT', `/external-task/${id}/retries`, { retries: 1 });
  await instance.complete('a');
  expect(await instance.state()).toBe('COMPLETED');
});

/** A sub-process with the task `work`; each event attached to it leads to `after_<event>`. */
function attached(events: Record<string, string>): string[] {
  const inner = [start('in'), task('work'), end('out'), flows('in', 'work', 'out')];
  return [
    ...[start(), subProcess('try', ...inner), end(), flows('start', 'try', 'end')],
    ...Object.entries(events).flatMap(([id, event]) => [
      ...[event, task(`after_${id}`), flows(id, `after_${id}`, 'end')],
    ]),
  ];
}

it('timers at a sub-process are still armed after kill -9, those that interrupt and those that do not', async () => {
  const taken = await rig.run(attached({ timer: onTimer('timer', 'try', 'PT2S') }));
  const kept = await rig.run(attached({ timer: onTimer('timer', 'try', 'PT2S', false) }));
  await killAndRestart();
  await opens(taken, 'after_timer');
  await opens(kept, 'after_timer', 'work');
  await killAndRestart();
  for (const activity of ['after_timer', 'work']) await kept.complete(activity);
  expect(await kept.state()).toBe('COMPLETED');
});

it('errors are still caught after kill -9, by the event that they belong to', async () => {
  const events = { any: onError('any', 'try'), own: onError('own', 'try', { code: 'NO' }) };
  const own = await rig.run(attached(events));
  const other = await rig.start(own.key);
  await killAndRestart();
  await own.bpmnError('work', 'NO');
  expect(await own.open()).toEqual(['after_own']);
  await other.bpmnError('work', 'OTHER');
  expect(await other.open()).toEqual(['after_any']);
});

it('an event-based gateway still waits after kill -9 for what comes first', async () => {
  const model = (rest: string) => [
    ...[start(), eventBased('wait'), catchMessage('told', 'told'), catchTimer('rest', rest)],
    ...[task('a'), task('b'), end(), flows('start', 'wait', 'told', 'a', 'end')],
    flows('wait', 'rest', 'b', 'end'),
  ];
  // A restart may take longer than the timer of the one that is to be late.
  const notified = await rig.run(model('PT1H'));
  const late = await rig.run(model('PT2S'));
  await killAndRestart();
  expect(await rig.engine.correlate('told', notified.id, {})).toBe(true);
  expect(await notified.open()).toEqual(['a']);
  await opens(late, 'b');
  expect(await rig.engine.correlate('told', late.id, {})).toBe(false);
  expect(await notified.open()).toEqual(['a']);
});

it('what an answered call has set survives the kill that follows at once', async () => {
  const key = rig.newKey();
  await rig.deploy(key, start(), task('a'), task('b'), end(), flows('start', 'a', 'b', 'end'));
  const instances = await Promise.all(Array.from({ length: 20 }, () => rig.start(key)));
  const variables: EngineVariables = { done: { value: true, type: 'Boolean' } };
  const tasks = await rig.fetch(`${key}.a`, { maxTasks: 20 });
  await Promise.all(
    tasks.map(({ id }) =>
      rig.call('POST', `/external-task/${id}/complete`, { workerId: 'w1', variables }),
    ),
  );
  await killAndRestart();
  for (const instance of instances) {
    expect(await instance.open()).toEqual(['b']);
    expect(await instance.variables()).toMatchObject(variables);
  }
});
