import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VersionConflictError } from '../../../domain/common/errors.ts';
import type { StoredEvent } from '../../../domain/process/events.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import {
  cancelled,
  completed,
  failed,
  identity,
  requested,
  started,
  stepCompleted,
  stepFailed,
} from '../../support/events.ts';

describe.each(databaseKinds())('the event store on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    const offered: StoredEvent[] = [];
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open({ onAppended: (events) => offered.push(...events) });
    });
    afterAll(() => database?.destroy());
    const append: TestDatabase['eventStore']['append'] = (...args) =>
      database.eventStore.append(...args);
    const read = (id: string): Promise<StoredEvent[]> => database.eventStore.readStream(id);

    it('G1: gives a reader what was appended, every kind of event whole', async () => {
      const written = [
        requested(),
        started(),
        stepFailed('whole', 1),
        stepCompleted('whole'),
        completed(),
        failed(),
        cancelled(),
      ];
      const { events, duplicate } = await append('whole', written, { expectedVersion: 0 });
      const found = await read('whole');
      expect(duplicate).toBe(false);
      expect(found).toEqual(events.map(withoutUndefined));
      expect(found.map((event) => event.version)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(found[0]).toMatchObject({ identity, correlationId: 'whole', schemaVersion: 4 });
      const now = Date.now();
      for (const event of found) {
        expect(event.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(Math.abs(Date.parse(event.createdAt) - now)).toBeLessThan(60_000);
      }
    });

    it.each([null, 7, 'text', false, [1, 2], {}, { $value: 1 }])(
      'keeps the result %j as it is',
      async (result) => {
        const id = `result-${JSON.stringify(result)}`;
        await append(id, [completed(result)]);
        expect((await read(id))[0]?.data).toEqual({ result });
      },
    );

    it('keeps texts in any script and of any length', async () => {
      const text = `Ünïcödé 漢字 🙂 ${'x'.repeat(100_000)}`;
      await append('long', [completed({ text })]);
      expect((await read('long'))[0]?.data).toEqual({ result: { text } });
    });

    it('takes many events in one append, in order, up to its limit', async () => {
      const many = Array.from({ length: 80 }, (_, at) => stepCompleted(`many-${at}`));
      await append('many', many);
      const found = await read('many');
      expect(found.map((event) => event.dedupeKey)).toEqual(many.map((event) => event.dedupeKey));
      const ids = found.map((event) => Number(event.id));
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      await expect(append('many', [...many, requested()])).rejects.toThrow(RangeError);
    });

    it('G3: keeps versions gapless and in commit order under concurrent appends', async () => {
      const count = 60;
      await Promise.all(
        Array.from({ length: count }, (_, at) => append('busy', [stepCompleted(`busy-${at}`)])),
      );
      const events = await read('busy');
      expect(events.map((event) => event.version)).toEqual(
        Array.from({ length: count }, (_, at) => at + 1),
      );
      const ids = events.map((event) => BigInt(event.id));
      expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)));
    });

    it('G7: gives the last version of a live stream without reading it, and 0 for an unknown one', async () => {
      await append('versioned', [requested(), started()]);
      await append('versioned', [stepCompleted('versioned')]);
      expect(await database.eventStore.lastVersion('versioned')).toBe(3);
      expect(await database.eventStore.lastVersion('Versioned')).toBe(0);
      expect(await database.eventStore.lastVersion('nobody')).toBe(0);
    });

    it('G3: writes nothing when the expected version is not the last one', async () => {
      await append('expected', [requested()], { expectedVersion: 0 });
      const again = append('expected', [requested()], { expectedVersion: 0 });
      await expect(again).rejects.toThrow(VersionConflictError);
      await expect(append('expected', [completed()], { expectedVersion: 5 })).rejects.toThrow(
        'stream expected is at version 1, not at the expected 5',
      );
      expect(await read('expected')).toHaveLength(1);
    });

    it('G3: lets one of many appends win that expect the same version', async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, () => append('race', [requested()], { expectedVersion: 0 })),
      );
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected')
          expect(result.reason).toBeInstanceOf(VersionConflictError);
      }
    });

    it('G3: gives back the event that has a known dedupe key, in any stream', async () => {
      const first = await append('dedupe', [stepCompleted('once')]);
      const again = await append('dedupe', [stepCompleted('once'), completed()]);
      const elsewhere = await append('dedupe-2', [stepCompleted('once')], { expectedVersion: 0 });
      expect(again.duplicate).toBe(true);
      expect(again.events).toEqual(first.events.map(withoutUndefined));
      expect(elsewhere.events).toEqual(again.events);
      expect(await read('dedupe')).toHaveLength(1);
      expect(await read('dedupe-2')).toHaveLength(0);
    });

    it('G3: writes one of many appends with one dedupe key', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) => append(`d-${at % 3}`, [requested('same-key')])),
      );
      expect(results.filter((result) => !result.duplicate)).toHaveLength(1);
      expect(new Set(results.map((result) => result.events[0]?.id)).size).toBe(1);
    });

    it('writes an event all the same whose group fails', async () => {
      const tooBig = { ...stepCompleted('null'), processName: 'x', type: null } as never;
      const results = await Promise.allSettled([
        append('group-1', [requested()]),
        append('group-2', [tooBig]),
        append('group-3', [requested()]),
      ]);
      expect(results.map((result) => result.status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
      expect(await read('group-1')).toHaveLength(1);
      expect(await read('group-2')).toHaveLength(0);
      expect(await read('group-3')).toHaveLength(1);
    });

    it('tells two streams apart whose ids differ in case', async () => {
      await append('Case-A', [requested()]);
      await append('case-a', [requested()], { expectedVersion: 0 });
      expect(await read('Case-A')).toHaveLength(1);
    });

    it('reads a part of a stream', async () => {
      await append('part', [requested(), started(), stepCompleted('part'), completed()]);
      const { eventStore } = database;
      const rest = await eventStore.readStream('part', { afterVersion: 1, limit: 2 });
      expect(rest.map((event) => event.version)).toEqual([2, 3]);
    });

    it('finds the journal of a task, and of no other', async () => {
      await append('journal', [stepFailed('t1', 1), stepFailed('t1', 2), stepCompleted('t1')]);
      await append('journal', [stepCompleted('t10')]);
      const found = await database.eventStore.findByDedupePrefix('task:t1:');
      expect(found.map((event) => event.type)).toEqual([
        'step-failed',
        'step-failed',
        'step-completed',
      ]);
    });

    it('gives a trace in pages', async () => {
      const traced = { ...completed(), identity: { traceabilityId: 'a-trace' } };
      for (const id of ['tr-1', 'tr-2', 'tr-3']) await append(id, [traced]);
      const { eventStore } = database;
      const size = { limit: 2, maxBytes: 1_000_000 };
      const first = await eventStore.findByTrace('a-trace', size);
      const afterId = first.items.at(-1)?.id ?? '';
      const rest = await eventStore.findByTrace('a-trace', { afterId, ...size });
      expect([first.atEnd, rest.atEnd]).toEqual([false, true]);
      expect([...first.items, ...rest.items].map((event) => event.correlationId)).toEqual([
        'tr-1',
        'tr-2',
        'tr-3',
      ]);
    });

    it('upcasts events of schema version 1 when they are read', async () => {
      await append('old', [{ ...stepFailed('old', 1) }]);
      await database
        .knex('event_log')
        .where({ correlation_id: 'old' })
        .update({
          schema_version: 1,
          metadata: JSON.stringify({ taskId: 'old', attempt: 1, retriesLeft: 0, retryIn: 0 }),
        });
      expect((await read('old'))[0]).toMatchObject({
        schemaVersion: 4,
        data: { kind: 'technical', code: 'STEP_FAILED', message: 'the partner answered 503' },
      });
    });

    it('refuses to read an event of a newer release instead of misreading it', async () => {
      await append('new', [requested()]);
      await database
        .knex('event_log')
        .where({ correlation_id: 'new' })
        .update({ schema_version: 99 });
      await expect(read('new')).rejects.toThrow('written by a newer release');
    });

    it('fills the audit row as the data model shows it', async () => {
      await append('audit', [stepCompleted('audit')]);
      const row = await database.knex('event_log').where({ correlation_id: 'audit' }).first();
      expect(row).toMatchObject({
        step_name: 'run-background-check',
        status: 'ok',
        http_method: 'POST',
        endpoint: 'http://partner/background-checks',
        request_data: '{"userId":"42"}',
        response_data: '{"backgroundScore":71}',
        error_message: null,
        http_status_code: 200,
        batch_id: 'batch-1',
        traceability_id: 'trace-1',
        application_id: 'app-1',
        target_system: 'BackgroundCheck',
        originating_system: 'FastifyAPI',
        process_name: 'onboard-user',
        step: 2,
        identifiers: '{"userId":"42"}',
        result: 'Background check passed',
        execution_time: 12,
        event_type: 'step-completed',
        version: 1,
        dedupe_key: 'task:audit:completed',
      });
    });

    it('writes an outbox row for every event, in the same transaction, and passes it on', async () => {
      offered.length = 0;
      const { events } = await append('outbox', [requested(), started()]);
      const rows = await database
        .knex('outbox')
        .where({ correlation_id: 'outbox' })
        .orderBy('event_id');
      expect(rows.map((row) => String(row.event_id))).toEqual(events.map((event) => event.id));
      expect(offered).toEqual(events);
    });
  });
});

function withoutUndefined<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
