import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExportedPart, type ExportStep, exportEvents } from '../../../domain/export/index.ts';
import {
  createExportEncoder,
  EXPORT_FORMATS,
  type ExportFormat,
} from '../../../infrastructure/files/export-formats.ts';
import type { FeedRows } from '../../../infrastructure/sql/feed-rows.ts';
import { endedProcess, relayAll, soon } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, failed, requested, stepCompleted, stepFailed } from '../../support/events.ts';
import { expectedRows, readExport } from '../../support/exported.ts';
import { foundIn, instanceOn, PERSONAL_EVENTS } from '../../support/personal.ts';

/** What a format may stumble over. */
const TEXTS = [
  'plain',
  '=HYPERLINK("http://evil","x")',
  '-1+1',
  '@SUM(A1)',
  'with "quotes", commas\r\nand\nlines',
  'Grüße 你好 👋\u2028',
  '\tx',
];

describe.each(databaseKinds())('an export on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let database: TestDatabase;
    let person: string;
    beforeAll(async () => {
      database = await open();
      const { eventStore } = instanceOn(database);
      await eventStore.append('person', Object.values(PERSONAL_EVENTS));
      person = JSON.stringify(await eventStore.readStream('person'));
      await relayAll(database);
      for (let at = 0; at < 4; at++) await endedProcess(database, `archived-${at}`);
      await database.archive.moveBatch({ endedBefore: soon(), limit: 100 });
      for (const [at, text] of TEXTS.entries()) {
        const step = stepCompleted(`text-${at}`);
        await database.eventStore.append(`live-${at}`, [
          requested(),
          { ...step, audit: { ...step.audit, result: text } },
          stepFailed(`text-${at}`, 1),
          at % 2 === 0 ? completed({ text }) : failed(),
        ]);
      }
    });
    afterAll(() => database?.destroy());

    async function part(more: Partial<ExportedPart> = {}): Promise<ExportedPart> {
      const upTo = await database.feedRows.head();
      return { filter: {}, archived: true, after: '0', upTo, ...more };
    }

    async function exported(
      format: ExportFormat,
      of: ExportedPart,
      {
        rows = database.feedRows,
        ...how
      }: { rows?: FeedRows; resumed?: boolean; maxFileEvents?: number } = {},
    ): Promise<ExportStep[]> {
      const encoder = createExportEncoder({ format, ...how });
      const steps: ExportStep[] = [];
      const { signal } = new AbortController();
      for await (const step of exportEvents(rows, of, encoder, signal)) steps.push(step);
      return steps;
    }

    const bytesOf = (steps: readonly ExportStep[]) =>
      Buffer.concat(steps.map(({ bytes }) => bytes));

    it.each(EXPORT_FORMATS)('holds every event as the table does, in %s', async (format) => {
      const steps = await exported(format, await part());
      const rows = await readExport(format, bytesOf(steps));
      const expected = await expectedRows(database, format);
      expect(rows).toEqual(expected);
      expect(rows.filter((row) => row.archived ?? row.archived_at)).toHaveLength(16);
      expect(steps.reduce((sum, { events }) => sum + events, 0)).toBe(expected.length);
      const live = await exported(format, await part({ archived: false }));
      expect(await readExport(format, bytesOf(live))).toEqual(
        await expectedRows(database, format, { archived: false }),
      );
    });

    it.each(EXPORT_FORMATS)('holds only what fits, in %s', async (format) => {
      const filter = { types: ['step-failed' as const], status: 'error' as const };
      const all = await readExport(format, bytesOf(await exported(format, await part())));
      const some = await readExport(
        format,
        bytesOf(await exported(format, await part({ filter }))),
      );
      const name = format === 'ndjson' ? 'type' : 'event_type';
      expect(some.length).toBeGreaterThan(TEXTS.length);
      expect(some).toEqual(all.filter((row) => row[name] === 'step-failed'));
      const first = await exported(format, await part({ limit: 5 }));
      expect(await readExport(format, bytesOf(first))).toEqual(all.slice(0, 5));
      const none = await exported(format, await part({ filter: { correlationId: 'nobody' } }));
      expect(await readExport(format, bytesOf(none))).toEqual([]);
    });

    it.each(EXPORT_FORMATS)('ends at the head it began with, in %s', async (format) => {
      const of = await part();
      const before = await expectedRows(database, format);
      await database.eventStore.append(`late-${format}`, [requested()]);
      expect(await readExport(format, bytesOf(await exported(format, of)))).toEqual(before);
    });

    it.each(EXPORT_FORMATS)('keeps personal data encrypted, in %s', async (format) => {
      const bytes = bytesOf(
        await exported(format, await part({ filter: { correlationId: 'person' } })),
      );
      expect(foundIn(person)).not.toEqual([]);
      const rows = await readExport(format, bytes);
      expect(rows).toHaveLength(Object.keys(PERSONAL_EVENTS).length);
      expect(
        foundIn(
          JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
        ),
      ).toEqual([]);
      expect(foundIn(bytes.toString('latin1'))).toEqual([]);
    });

    it.each(EXPORT_FORMATS)('can be resumed after any step, in %s', async (format) => {
      // Small pages and row groups of whatever comes: the export may stop after each step.
      const rows: FeedRows = {
        ...database.feedRows,
        page: (query, signal) =>
          database.feedRows.page({ ...query, limit: Math.min(7, query.limit) }, signal),
      };
      const of = await part();
      const whole = await readExport(format, bytesOf(await exported(format, of, { rows })));
      const maxFileEvents = 9;
      const steps = await exported(format, of, { rows, maxFileEvents });
      for (const [at, { position }] of steps.slice(0, -1).entries()) {
        const done = steps.slice(0, at + 1);
        // Of Parquet only whole files are kept.
        if (format === 'parquet' && !done.at(-1)?.endsFile) continue;
        const rest = await exported(
          format,
          { ...of, after: position },
          { rows, maxFileEvents, resumed: position !== '0' },
        );
        const files = filesOf([...done, ...rest]);
        const all = await Promise.all(files.map((file) => readExport(format, file)));
        expect(all.flat()).toEqual(whole);
        if (format === 'parquet') {
          expect(all.slice(0, -1).every(({ length }) => length === maxFileEvents)).toBe(true);
        }
      }
    });

    /** The bytes of each file. */
    function filesOf(steps: readonly ExportStep[]): Buffer[] {
      const files: Uint8Array[][] = [[]];
      for (const { bytes, endsFile } of steps) {
        files.at(-1)?.push(bytes);
        if (endsFile) files.push([]);
      }
      return files.map((pieces) => Buffer.concat(pieces)).filter(({ length }) => length > 0);
    }

    it('reads no more than one page ahead, and none when it is cancelled', async () => {
      let pages = 0;
      let ended = 0;
      const rows: FeedRows = {
        ...database.feedRows,
        page(query, signal) {
          pages++;
          signal?.addEventListener('abort', () => ended++);
          return database.feedRows.page({ ...query, limit: 2 }, signal);
        },
      };
      const encoder = createExportEncoder({ format: 'ndjson' });
      const steps = exportEvents(rows, await part(), encoder, new AbortController().signal);
      await steps.next();
      await steps.next();
      await database.ping();
      expect(pages).toBe(3);
      await steps.return();
      expect(ended).toBe(3);
      expect(pages).toBe(3);
    });

    it('is stopped by its signal', async () => {
      const controller = new AbortController();
      const encoder = createExportEncoder({ format: 'csv' });
      const steps = exportEvents(database.feedRows, await part(), encoder, controller.signal);
      controller.abort(new Error('enough'));
      await expect(steps.next()).rejects.toThrow('enough');
    });
  });
});
