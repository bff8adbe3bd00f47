import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { startServiceProcess } from '../support/commands.ts';
import { createFolder, expectWhole, readStreams, startTestService } from '../support/service.ts';
import { expectProblem } from '../support/service-api.ts';
import { startEngineBehindProxy } from '../support/service-engine.ts';

const ASYNC = { prefer: 'respond-async' };
const KILLS = 3;
const RECONCILE = { RECONCILE_EVERY_MS: '100', RECONCILE_AFTER_MS: '200' };

describe('the reconciler of a service', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });
  const open = async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const engine = await startEngineBehindProxy(`${folder.path}/engine.db`);
    cleanup.push(engine.stop);
    return { folder, engine };
  };
  /** Deletes the running instance of a process in the engine, as an operator would. */
  async function deleteInstance(url: string, correlationId: string): Promise<void> {
    const found = await fetch(`${url}/process-instance?businessKey=${correlationId}`);
    for (const { id } of (await found.json()) as { id: string }[]) {
      await fetch(`${url}/process-instance/${id}`, { method: 'DELETE' });
    }
  }

  it('G11: the reconciler answers a caller who waits for a process that an operator deletes in the engine', async () => {
    const { folder, engine } = await open();
    const settings = { ...RECONCILE, CAMUNDA_BASE_URL: engine.url };
    const service = await startTestService(settings, folder);
    cleanup.push(() => service.stop());
    const correlationId = randomUUID();
    const waiting = service.api.start('gated', { gate: 'never' }, { correlationId });
    const runs = async () => (await service.api.status(correlationId)).body.processInstanceId;
    await until(runs, 'its instance runs');
    await deleteInstance(engine.url, correlationId);
    const answer = await waiting;
    expect(answer.status).toBe(502);
    expectProblem(answer, 'process-failed', /deleted in the process engine/);
    folder.open('never');
  });

  it('G11: the reconciler leaves a step alone that runs far longer than RECONCILE_AFTER_MS', async () => {
    const { folder, engine } = await open();
    const settings = { ...RECONCILE, CAMUNDA_BASE_URL: engine.url, LOG_LEVEL: 'debug' };
    const service = await startTestService(settings, folder);
    cleanup.push(() => service.stop());
    const waiting = service.api.start('gated', { gate: 'long' }, { correlationId: 'long' });
    const checks = () =>
      service.log.filter(({ msg, checked: n }) => String(msg).includes('pending') && Number(n) > 0);
    await until(() => checks().length >= 5, 'the reconciler has checked it five times');
    folder.open('long');
    expect((await waiting).status).toBe(200);
  });

  it('G11: a reconciler that is killed again and again ends each zombie once', async () => {
    const { folder, engine } = await open();
    // More than all rounds can end before a kill takes effect: about thirty per round were observed.
    const ids = Array.from({ length: 150 }, () => randomUUID());
    const settings = {
      CAMUNDA_BASE_URL: engine.url,
      LOCK_DURATION_MS: '1000',
      // A process starts when a slot is free for its first step, and here each step keeps its slot.
      WORKER_CONCURRENCY: String(ids.length),
    };
    const first = await startServiceProcess(folder, { ...settings, RECONCILE_EVERY_MS: '0' });
    cleanup.push(() => first.kill('SIGKILL'));
    await Promise.all(
      ids.map((correlationId) =>
        first.api.start('gated', { gate: 'never' }, { correlationId }, ASYNC),
      ),
    );
    await until(async () => {
      const { body } = await first.api.get('/api/process?status=pending&limit=1000');
      return body.processes.filter((one) => one.processInstanceId !== null).length === ids.length;
    }, 'all instances run');
    first.kill('SIGKILL');
    await first.ended;
    await Promise.all(ids.map((id) => deleteInstance(engine.url, id)));

    for (let kills = 0; kills < KILLS; kills++) {
      const service = await startServiceProcess(folder, { ...settings, ...RECONCILE });
      cleanup.push(() => service.kill('SIGKILL'));
      await until(() => /corrected a process/.test(service.output()), 'it has begun');
      service.kill('SIGKILL');
      await service.ended;
    }
    const last = await startServiceProcess(folder, { ...settings, ...RECONCILE });
    cleanup.push(() => last.kill('SIGKILL'));
    await until(
      async () => (await last.api.get('/api/process?status=pending')).body.processes.length === 0,
      'all have ended',
    );
    last.kill('SIGTERM');
    expect(await last.ended).toBe(0);
    const streams = await readStreams(folder);
    expect(streams).toHaveLength(ids.length);
    expectWhole(streams);
    for (const { folded } of streams) expect(folded?.error?.code).toBe('INSTANCE_DELETED');
  });
});
