import BetterSqlite3 from 'better-sqlite3';
import { expect, it } from 'vitest';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import { callActivity } from '../../support/bpmn/notation.ts';
import { until } from '../../support/children.ts';
import { createFolder, queryValue, startTestService } from '../../support/service.ts';
import { openInProcess } from './engine-in-process.ts';

it('an instance whose state cannot be read stands still alone, and is named until its process is cancelled', async () => {
  const folder = createFolder();
  const first = await startTestService({}, folder);
  const async = { prefer: 'respond-async' };
  await first.api.start('listening', {}, { correlationId: 'broken' }, async);
  const instances = 'SELECT COUNT(*) FROM engine_process_instance';
  await until(() => queryValue(folder, instances) === 1, 'the instance runs');
  await first.stop();
  const db = new BetterSqlite3(folder.file);
  db.prepare("UPDATE engine_state SET state = 'card 4111'").run();
  db.close();

  const { url, api, stop } = await startTestService({}, folder);
  const readiness = async () => {
    const answer = await fetch(`${url}/health/ready`);
    return { status: answer.status, body: (await answer.json()) as { notes?: string[] } };
  };
  expect((await readiness()).body).not.toHaveProperty('notes');
  const attention = async () => {
    const { text } = await api.get('/api/analytics/attention');
    return JSON.parse(text).unreadable as {
      total: number;
      advice: string | null;
      instances: object[];
    };
  };
  expect(await attention()).toEqual({ total: 0, advice: null, instances: [] });
  await api.post('/api/process/broken/message', { json: { messageName: 'go-on' } });
  const { status, body } = await until(async () => {
    const answer = await readiness();
    return answer.body.notes && answer;
  }, 'somebody has asked for the instance');
  expect(status).toBe(200);
  expect(body.notes).toEqual([
    expect.stringMatching(
      /^engine: process instances that stand still because their state cannot be read: 1, for example \S+$/,
    ),
  ]);
  const { advice, ...unreadable } = await attention();
  expect(unreadable).toEqual({
    total: 1,
    instances: [
      {
        processInstanceId: expect.any(String),
        processKey: 'listening',
        correlationId: 'broken',
        statusUrl: '/api/process/status/broken',
      },
    ],
  });
  expect(advice).toContain('POST /api/process/<correlationId>/cancel');

  // What the advice says helps.
  expect((await api.post('/api/process/broken/cancel', {})).status).toBe(200);
  const running = "SELECT COUNT(*) FROM engine_process_instance WHERE state = 'ACTIVE'";
  await until(() => queryValue(folder, running) === 0, 'the instance is deleted');
  expect(queryValue(folder, 'SELECT COUNT(*) FROM engine_state')).toBe(0);
  expect((await readiness()).body).not.toHaveProperty('notes');
  expect((await attention()).total).toBe(0);
  expect((await api.start('instant', { userId: '42', email: 'ada@example.com' })).status).toBe(200);
  await stop();
  folder.remove();
});

it('an instance whose state cannot be read is deleted with what it called, and nobody gets its tasks any more', async () => {
  const rig = openInProcess({ cachedStates: 0 });
  await rig.deploy({ called: [start(), task('work'), end(), flows('start', 'work', 'end')] });
  await rig.deploy({
    calling: [start(), callActivity('call', 'called'), end(), flows('start', 'call', 'end')],
  });
  const { id } = await rig.start('calling');
  const other = await rig.start('called');
  rig.db.prepare("UPDATE engine_state SET state = 'broken' WHERE root_id = ?").run(id);
  expect(() => rig.engine.instances.variables(id)).toThrow(/cannot be read/);
  expect(rig.engine.unreadable()).toMatchObject([{ rootProcessInstanceId: id }]);
  await rig.engine.instances.delete(id, 'cancelled');
  expect(rig.engine.unreadable()).toEqual([]);
  expect(rig.engine.history.instance(id)).toMatchObject({
    ...{ state: 'EXTERNALLY_TERMINATED', deleteReason: 'cancelled' },
  });
  const running = rig.engine.instances.list({ states: ['ACTIVE'] });
  expect(running.map((one) => one.id)).toEqual([other.id]);
  const tasks = await rig.fetch('called.work', { maxTasks: 5 });
  expect(tasks.map((one) => one.processInstanceId)).toEqual([other.id]);
  for (const table of ['engine_state', 'engine_external_task']) {
    expect(rig.db.prepare(`SELECT root_id FROM ${table}`).pluck().all()).toEqual([other.id]);
  }
  await rig.close();
});
