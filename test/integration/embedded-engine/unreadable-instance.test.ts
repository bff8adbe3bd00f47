import BetterSqlite3 from 'better-sqlite3';
import { expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { createFolder, queryValue, startTestService } from '../../support/service.ts';

it('an instance whose state cannot be read stands still alone, and the readiness names it', async () => {
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
  await api.post('/api/process/broken/cancel', {});
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
  expect((await api.start('instant', { userId: '42', email: 'ada@example.com' })).status).toBe(200);
  await stop();
  folder.remove();
});
