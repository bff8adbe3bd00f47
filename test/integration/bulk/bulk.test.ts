import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BulkRequest, runBulk } from '../../../domain/bulk/index.ts';
import type { ProcessEvent } from '../../../domain/process/index.ts';
import { endedProcess, moveBatch } from '../../support/archive-world.ts';
import {
  bulkPortsOn,
  bulkRunsOn,
  bulkRequest as request,
  typesOf as typesIn,
} from '../../support/bulk-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import {
  broken,
  completed,
  failed,
  requested,
  started,
  stepCompleted,
} from '../../support/events.ts';

const signal = new AbortController().signal;

describe.each(databaseKinds())('bulk runs on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    const runs = () => bulkRunsOn(database);
    const ports = () => bulkPortsOn(database, errors);
    const typesOf = (id: string) => typesIn(database, id);
    const errors: string[] = [];
    const ids: string[] = [];
    async function process(id: string, ...events: ProcessEvent[]): Promise<void> {
      ids.push(id);
      await database.eventStore.append(id, [requested(), ...events]);
      await database.processStore.project(id);
    }
    async function done(given: Partial<BulkRequest>) {
      const run = await runs().begin({ ...request, ...given });
      await runBulk(ports(), signal);
      await database.processStore.projectMany(ids);
      const answer = await runs().find(run.id);
      if (answer.kind !== 'known') throw new Error('no run');
      return answer;
    }

    it('cancel what is pending, with an event of the run and the actor, and nothing else', async () => {
      for (const id of ['a', 'b', 'c']) await process(id, started());
      await process('ended', started(), completed());
      const dry = await done({ dryRun: true });
      expect(dry.run).toMatchObject({ status: 'done', found: 3 });
      expect(dry.progress).toMatchObject({ done: 0, left: 0 });
      expect(await typesOf('a')).not.toContain('process-cancelled');
      const { run, progress } = await done({});
      expect(run).toMatchObject({ status: 'done', found: 3, endedAt: expect.any(String) });
      expect(progress).toEqual({ done: 3, failed: 0, left: 0, reasons: [] });
      for (const id of ['a', 'b', 'c']) {
        const last = (await database.eventStore.readStream(id)).at(-1);
        expect(last).toMatchObject({
          type: 'process-cancelled',
          actor: 'ada',
          data: { reason: 'ordered twice', bulkId: run.id },
        });
      }
      expect(await typesOf('ended')).not.toContain('process-cancelled');
      const log = await database.auditLog.list({ subject: run.id }, { limit: 10 });
      expect(log).toMatchObject([
        { outcome: 'done', actor: 'service', details: { found: 3, done: 3, failed: 0 } },
        { outcome: 'begun', actor: 'ada', details: { reason: 'ordered twice' } },
      ]);
    });

    it('retry what failed for a technical reason; others have a reason why not', async () => {
      await process('technical', started(), broken());
      await process('business', started(), failed());
      const { run, progress } = await done({ action: 'retry', filter: { status: 'error' } });
      // The cancelled ones of the test before have ended in an error, too.
      expect(run.found).toBe(5);
      expect(progress).toMatchObject({ done: 1, failed: 4, left: 0 });
      expect(progress.reasons[0]?.processes).toBe(3);
      expect(await typesOf('technical')).toContain('process-retried');
      const failures = await runs().failures(run.id, 2);
      expect(failures.map(({ correlationId }) => correlationId)).toEqual(['a', 'b']);
      const rest = await runs().failures(run.id, 10, 'b');
      expect(rest.map(({ correlationId }) => correlationId)).toEqual(['business', 'c']);
      expect(rest[0]?.reason).toMatch(/^it ended in a way that a retry does not change: business/);
    });

    it('restore archived ones, each with its entry in the audit log', async () => {
      await endedProcess(database, 'old');
      await moveBatch(database, 100);
      const filter = { status: 'ok' } as const;
      const { run, progress } = await done({ action: 'restore', filter });
      expect(progress).toMatchObject({ done: run.found, failed: 0 });
      expect(await database.processStore.get('old')).toMatchObject({ status: 'ok' });
      const [entry] = await database.auditLog.list({ subject: 'old' }, { limit: 1 });
      expect(entry).toMatchObject({ action: 'restore', outcome: 'done', actor: 'ada' });
    });

    it('act once on each process, though somebody repeats what was done already', async () => {
      await process('once', started(), broken());
      const run = await runs().begin({
        ...request,
        action: 'retry',
        filter: { processName: 'onboard-user', status: 'error' },
      });
      const acting = ports();
      await runBulk(acting, signal);
      // As if the instance had been killed before it recorded that it was done, and another one continued.
      await database.knex('bulk_item').where({ bulk_id: run.id }).delete();
      const item = { bulk_id: run.id, correlation_id: 'once', failed: 0 };
      await database.knex('bulk_item').insert(item);
      await database.knex('bulk_run').where({ id: run.id }).update({ status: 'running' });
      await runBulk(acting, signal);
      expect((await typesOf('once')).filter((type) => type === 'process-retried')).toHaveLength(1);
      expect(await runs().find(run.id)).toMatchObject({ progress: { failed: 0, left: 0 } });
    });

    it('are stopped and resumed, by whom says the audit log', async () => {
      for (const id of ['x', 'y']) await process(id, started());
      const { id } = await runs().begin(request);
      expect(await runs().stop(id, 'eve')).toMatchObject({ kind: 'known' });
      await runBulk(ports(), signal);
      expect(await typesOf('x')).not.toContain('process-cancelled');
      expect((await runs().stop(id, 'eve')).kind).toBe('refused');
      expect((await runs().resume(id, 'bob')).kind).toBe('known');
      expect((await runs().resume(id, 'bob')).kind).toBe('refused');
      await runBulk(ports(), signal);
      expect(await typesOf('x')).toContain('process-cancelled');
      const log = await database.auditLog.list({ subject: id }, { limit: 10 });
      expect(log.map(({ outcome, actor }) => `${outcome} ${actor}`)).toEqual([
        'done service',
        'begun bob',
        'stopped eve',
        'begun ada',
      ]);
      expect((await runs().stop('no-such', 'eve')).kind).toBe('unknown');
    });

    it('have one end in the audit log, also when a kill came before or after it was written', async () => {
      const { id } = await runs().begin({ ...request, filter: { processName: 'no-such-process' } });
      await runBulk({ ...ports(), onEnded: killed }, signal).catch(() => {});
      expect(await database.bulkStore.get(id)).toMatchObject({ status: 'done', endedAt: null });
      const acting = ports();
      const bulkStore = { ...acting.bulkStore, close: killed };
      await runBulk({ ...acting, bulkStore }, signal).catch(() => {});
      await runBulk(acting, signal);
      expect(await database.bulkStore.get(id)).toMatchObject({ endedAt: expect.any(String) });
      expect(
        await database.auditLog.list({ act: id, outcome: 'done' }, { limit: 10 }),
      ).toHaveLength(1);
    });

    it('do not stand still for one process that meets an unexpected error', async () => {
      for (const id of ['odd', 'plain']) await process(id, started());
      await database
        .knex('event_log')
        .where({ correlation_id: 'odd' })
        .update({ event_type: 'odd' });
      const { run, progress } = await done({ filter: { status: 'pending' } });
      expect(await typesOf('plain')).toContain('process-cancelled');
      expect(progress.left).toBe(0);
      const failures = await runs().failures(run.id, 10);
      const odd = failures.find(({ correlationId }) => correlationId === 'odd');
      expect(odd?.reason).toContain('unexpected');
      expect(errors).toHaveLength(1);
    });

    it('find what changes while it is looked up, and not what begins later', async () => {
      await process('early', started());
      await runs().begin(request);
      // A step ends after the run was asked for.
      await new Promise((resolve) => setTimeout(resolve, 5));
      await database.eventStore.append('early', [stepCompleted('task-of-early')]);
      await database.processStore.project('early');
      await process('later', started());
      await runBulk(ports(), signal);
      expect(await typesOf('early')).toContain('process-cancelled');
      expect(await typesOf('later')).not.toContain('process-cancelled');
    });
  });
});

/** A kill at this point, as far as the database can tell. */
async function killed(): Promise<never> {
  throw new Error('killed');
}
