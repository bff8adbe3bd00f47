import BetterSqlite3 from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineKinds } from '../../support/engines.ts';
import { openTaskRig, type TaskRig } from '../../support/task-rig.ts';

interface Slow {
  total: number;
  isWhole: boolean;
  waitingForPeople: number | null;
  processes: { correlationId: string }[];
}

/** As if it had begun two days ago, once its start is projected. */
async function makeOld(rig: TaskRig, correlationId: string): Promise<void> {
  const db = new BetterSqlite3(rig.file);
  const twoDaysAgo = new Date(Date.now() - 48 * 3_600_000).toISOString();
  const update = db.prepare(
    'UPDATE process_store SET started_at = ? WHERE correlation_id = ? AND process_instance_id IS NOT NULL',
  );
  await until(() => update.run(twoDaysAgo, correlationId).changes === 1, 'its start is projected');
  db.close();
}

async function look(rig: TaskRig): Promise<{ slow: Slow; unavailable: string[] }> {
  const { status, body } = await rig.get('/api/analytics/attention');
  expect(status).toBe(200);
  return body as never;
}

const [embedded] = await engineKinds();

describe.each(await engineKinds())('a process that waits for people on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let rig: TaskRig;
    beforeAll(async () => {
      rig = await openTaskRig(kind, { process: 'reviewed-in-time' });
    });
    afterAll(() => rig?.close());

    it('is not slow, however old it is', async () => {
      const { correlationId } = await rig.open();
      await makeOld(rig, correlationId);
      const { slow, unavailable } = await look(rig);
      expect(slow).toEqual({ total: 0, isWhole: true, waitingForPeople: 1, processes: [] });
      expect(unavailable).toEqual([]);
      const { id } = await rig.taskOf(correlationId);
      expect((await rig.complete(id, { accepted: true })).status).toBe(200);
      await rig.status(correlationId, { prefer: 'wait=20' });
      expect((await look(rig)).slow).toMatchObject({ total: 0, waitingForPeople: 0 });
    });
  });
});

describe('a process that waits for people while the engine is away', () => {
  let rig: TaskRig;
  beforeAll(async () => {
    if (!embedded) throw new Error('no embedded engine');
    rig = await openTaskRig(embedded, { isProxied: true });
  });
  afterAll(() => rig?.close());

  it('is shown as slow, and the report says that the engine did not answer', async () => {
    const { correlationId } = await rig.open();
    await makeOld(rig, correlationId);
    expect((await look(rig)).slow.waitingForPeople).toBe(1);
    await rig.proxy?.cut();
    const { slow, unavailable } = await look(rig);
    expect(slow).toMatchObject({
      total: 1,
      waitingForPeople: null,
      processes: [{ correlationId }],
    });
    expect(unavailable).toContain('userTasks');
    await rig.proxy?.restore();
  });
});
