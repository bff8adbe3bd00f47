import BetterSqlite3 from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineKinds } from '../../support/engines.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type StandingService, useStandingProcess } from '../../support/use-standing-process.ts';

interface Attempt {
  version: number;
  attempt: number;
  failure: { code: string; message: string; retriesLeft: number; nextTryAt: string | null } | null;
}
interface Activity {
  id: string;
  parentId: string;
  activityId: string;
  name: string | null;
  type: string;
  processInstanceId: string;
  calledInstanceId: string | null;
  taskId: string | null;
  startedAt: string;
  endedAt: string | null;
  state: string;
  step: string | null;
  attempts: Attempt[];
  incident: { message: string | null } | null;
}
interface Path {
  source: string;
  processInstanceId: string;
  truncated: boolean;
  instances: { processInstanceId: string; processKey: string; version: number; calledBy: string }[];
  activities: Activity[];
  incidents: object[];
  others: { step: string; attempts: Attempt[] }[];
}

/** Starts a process at a service, and reads what it went through. */
function pathOf(key: string, standing: () => StandingService) {
  const correlationId = `stands-still-${key}`;
  return {
    correlationId,
    start: () =>
      standing().service.api.start(key, {}, { correlationId }, { prefer: 'respond-async' }),
    async read(): Promise<Path & { byId: Record<string, Activity> }> {
      const { api } = standing().service;
      const { status, text } = await api.get(`/api/process/${correlationId}/activities`);
      expect(status, text).toBe(200);
      const path = JSON.parse(text) as Path;
      const byId = Object.fromEntries(path.activities.map((one) => [one.activityId, one]));
      return { ...path, byId };
    },
  };
}

describe.each(await engineKinds())('the activities of a process on $name', (kind) => {
  describe.skipIf(!kind.available)('that has failed', () => {
    let standing: StandingService;
    const key = useStandingProcess(kind, (given) => {
      standing = given;
    });
    const { correlationId, start, read } = pathOf(key, () => standing);
    const api = () => standing.service.api;
    beforeAll(start);

    it('show where it stands, what failed and with which attempts, also in what it called', async () => {
      const path = await until(async () => {
        const now = await read();
        const { quick, broken, wait } = now.byId;
        const stands = quick?.state === 'completed' && broken?.state === 'failed' && wait;
        return stands ? now : undefined;
      }, 'the task without retries has its incident, and the other process is called');
      const found = path.byId;
      expect(path).toMatchObject({ source: 'engine', truncated: false, incidents: [], others: [] });
      expect(path.instances).toMatchObject([
        { processInstanceId: path.processInstanceId, processKey: key, version: 1, calledBy: null },
        { processKey: `${key}-called`, version: 1, calledBy: path.processInstanceId },
      ]);
      expect(found.start).toMatchObject({
        parentId: path.processInstanceId,
        type: 'startEvent',
        state: 'completed',
        step: null,
        attempts: [],
      });
      expect(found.quick).toMatchObject({
        type: 'serviceTask',
        state: 'completed',
        step: 'quick',
        endedAt: expect.any(String),
        attempts: [{ attempt: 1, failure: null }],
      });
      expect(found.broken).toMatchObject({
        step: 'broken',
        endedAt: null,
        incident: { message: 'it is broken' },
        attempts: [
          { attempt: 1, failure: { retriesLeft: 1, nextTryAt: expect.any(String) } },
          { attempt: 2, failure: { message: 'it is broken', retriesLeft: 0, nextTryAt: null } },
        ],
      });
      const [, called] = path.instances;
      expect(found.call).toMatchObject({
        state: 'open',
        calledInstanceId: called?.processInstanceId,
      });
      expect(found.wait).toMatchObject({
        state: 'open',
        processInstanceId: called?.processInstanceId,
      });
      expect(found.nap).toMatchObject({ type: 'intermediateTimer', state: 'open' });
      expect(found.last).toBeUndefined();
      const times = path.activities.map(({ startedAt }) => startedAt);
      expect(times).toEqual(times.toSorted());
      const { body } = await api().get(`/api/process/${correlationId}/events`);
      const { version } = found.quick?.attempts[0] ?? {};
      expect(body.events.find((one) => one.version === version)).toMatchObject({
        type: 'step-completed',
        step: { name: 'quick' },
      });
    });

    it('answer 404 for a process that was never accepted', async () => {
      expectProblem(await api().get('/api/process/nobody/activities'), 'not-found', /nobody/);
    });
  });

  describe.skipIf(!kind.available)('that waits for somebody', () => {
    let standing: StandingService;
    const key = useStandingProcess(
      kind,
      (given) => {
        standing = given;
      },
      true,
    );
    const { correlationId, start, read } = pathOf(key, () => standing);
    const api = () => standing.service.api;
    beforeAll(start);

    it('name the user task, which somebody completes', async () => {
      const ask = await until(async () => (await read()).byId.ask, 'the user task is open');
      expect(ask).toMatchObject({ name: 'Ask somebody', type: 'userTask', state: 'open' });
      const { status } = await api().post(`/api/tasks/${ask.taskId}/complete`, {
        json: { variables: {} },
      });
      expect(status).toBe(200);
      const done = await until(async () => {
        const now = (await read()).byId.ask;
        return now?.state === 'completed' ? now : undefined;
      }, 'the user task is completed');
      expect(done).toMatchObject({
        step: 'ask',
        taskId: null,
        attempts: [{ attempt: 1, failure: null }],
      });
    });

    it('show what was open as cancelled when the process is cancelled', async () => {
      await until(async () => (await read()).byId.wait, 'the other process is called');
      expect((await api().post(`/api/process/${correlationId}/cancel`)).status).toBe(200);
      const { byId } = await until(async () => {
        const now = await read();
        return now.byId.nap?.state === 'cancelled' ? now : undefined;
      }, 'the instance is deleted');
      const states = Object.values(byId).map(({ activityId, state }) => [activityId, state]);
      expect(Object.fromEntries(states)).toMatchObject({
        ...{ start: 'completed', quick: 'completed', ask: 'completed' },
        ...{ call: 'cancelled', wait: 'cancelled', nap: 'cancelled' },
      });
    });

    it('are the attempts in the journal when the engine has no history of it any more', async () => {
      const { processInstanceId } = await read();
      await deleteHistory(standing, processInstanceId);
      const path = await read();
      expect(path).toMatchObject({ source: 'journal', activities: [], instances: [] });
      expect(path.others).toMatchObject([
        { step: 'quick', processKey: key, attempts: [{ attempt: 1, failure: null }] },
        { step: 'ask', processKey: key, attempts: [{ attempt: 1, failure: null }] },
      ]);
    });
  });
});

/** Removes an ended instance from the history of the engine, as it does itself after some time. */
async function deleteHistory({ engineUrl, folder }: StandingService, id: string): Promise<void> {
  if (engineUrl) {
    const path = `${engineUrl}/history/process-instance/${id}`;
    expect((await fetch(path, { method: 'DELETE' })).status).toBe(204);
    return;
  }
  const db = new BetterSqlite3(folder.file);
  db.prepare('DELETE FROM engine_process_instance WHERE id = ?').run(id);
  db.close();
}
