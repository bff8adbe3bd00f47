import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audited, type NewAuditEntry } from '../../../domain/audit/index.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';

const signal = new AbortController().signal;
const entry = (act: string, more: Partial<NewAuditEntry> = {}): NewAuditEntry => ({
  act,
  action: 'restore',
  outcome: 'done',
  actor: 'ada',
  subject: `order-${act}`,
  details: { reason: 'Größe 🙂' },
  ...more,
});

describe.each(databaseKinds())('the audit log on $name', ({ name, available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    let now = Date.parse('2026-01-31T12:00:00.000Z');
    beforeAll(async () => {
      database = await open({ clock: () => now });
    });
    afterAll(() => database?.destroy());

    it('numbers its entries without a gap, in the order of their times, and chains them', async () => {
      const log = database.auditLog;
      const first = await log.append(entry('1'));
      now -= 60_000;
      const second = await log.append(entry('2', { subject: null, actor: 'Björn 😀' }));
      expect([first.seq, second.seq]).toEqual([1, 2]);
      expect(second.createdAt, 'a clock that was set back').toBe(first.createdAt);
      expect(await log.list({}, { limit: 10 })).toEqual([second, first]);
      expect(await log.list({}, { limit: 10, after: 1 })).toEqual([second]);
      expect(await log.verify(signal)).toEqual({ entries: 2, differences: [] });
      now += 120_000;
    });

    it('writes each entry once, in one chain, when many write at a time', async () => {
      const acts = Array.from({ length: 20 }, (_, at) => `many-${at}`);
      await Promise.all(acts.map((act) => database.auditLog.append(entry(act))));
      const found = await database.auditLog.list({}, { limit: 1_000, after: 2 });
      expect(found.map(({ act }) => act).sort()).toEqual(acts.sort());
      expect(found.map(({ seq }) => seq)).toEqual(acts.map((_, at) => at + 3));
      expect(await database.auditLog.verify(signal)).toEqual({ entries: 22, differences: [] });
    });

    it('is narrowed by action, outcome, actor, subject, act and time', async () => {
      const log = database.auditLog;
      now += 3_600_000;
      const from = new Date(now).toISOString();
      const erased = entry('late', { action: 'erase', outcome: 'refused', actor: 'eve' });
      await log.append(erased);
      const filters = [
        { action: 'erase' },
        { outcome: 'refused' },
        { actor: 'eve' },
        { subject: 'order-late' },
        { act: 'late' },
        { from },
      ] as const;
      for (const filter of filters) {
        const found = await log.list(filter, { limit: 10 });
        expect(found, JSON.stringify(filter)).toMatchObject([erased]);
      }
      expect(await log.list({ actor: 'eve', action: 'restore' }, { limit: 10 })).toEqual([]);
      expect(await log.list({ to: from }, { limit: 1_000 })).toHaveLength(22);
    });

    it('tells of an act before it is done, and how it ended', async () => {
      const { auditLog } = database;
      const act = { action: 'purge', actor: 'service' } as const;
      const outcomes = async () =>
        (await auditLog.list({ action: 'purge' }, { limit: 10 })).map((one) => one.outcome);
      await audited(
        auditLog,
        act,
        async () => expect(await outcomes()).toEqual(['begun']),
        () => ({ outcome: 'done', details: { processes: 3 } }),
      );
      const failing = audited(auditLog, act, async () => {
        throw new Error('the disk is full');
      });
      await expect(failing).rejects.toThrow('the disk is full');
      const [failed, begun, done, first] = await auditLog.list({ action: 'purge' }, { limit: 10 });
      expect(failed).toMatchObject({ outcome: 'failed', details: { error: 'the disk is full' } });
      expect(failed?.act).toBe(begun?.act);
      expect(done).toMatchObject({ act: first?.act, details: { processes: 3 } });
    });

    it('shows in its hashes what was changed or removed', async () => {
      const { auditLog, knex } = database;
      const differences = async () =>
        (await auditLog.verify(signal)).differences.map(({ seq }) => seq);
      expect(await differences()).toEqual([]);
      await knex('audit_log').where({ seq: 5 }).update({ actor: 'nobody' });
      expect(await differences()).toEqual([5]);
      await knex('audit_log').where({ seq: 5 }).update({ actor: 'ada' });
      expect(await differences()).toEqual([]);
      await knex('audit_log').where({ seq: 7 }).delete();
      expect(await differences()).toEqual([8, 8]);
    });

    it('is not written, and nothing is done, while the database is away', async () => {
      const other = await open();
      await other.destroy();
      let done = false;
      const act = audited(other.auditLog, { action: 'purge', actor: name }, async () => {
        done = true;
      });
      await expect(act).rejects.toThrow(/^the audit log cannot be read or written/);
      expect(done).toBe(false);
    });
  });
});
