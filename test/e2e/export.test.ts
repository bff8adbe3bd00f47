import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { generateSqlite } from '../../bench/generator/generate.ts';
import { StoreUnavailableError } from '../../domain/errors.ts';
import { EXPORT_FORMATS } from '../../infrastructure/export/export-formats.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import type { FeedRows } from '../../infrastructure/sql/feed-rows.ts';
import { openSqliteDatabase } from '../../infrastructure/sql/sqlite/database.ts';
import { openAccess } from '../../src/access/access.ts';
import {
  acceptedFormat,
  createExports,
  EXPORT_TYPES,
  type Exports,
} from '../../src/http/exports.ts';
import { until } from '../support/children.ts';
import { expectedRows, firstDifference, readExport } from '../support/exported.ts';
import { createFolder, startTestService, type TestService } from '../support/service.ts';

const EVENTS = 900;

describe('an export over HTTP', { timeout: 60_000 }, () => {
  const folder = createFolder();
  let service: TestService;
  let database: Database;
  beforeAll(async () => {
    const until = '2026-06-01T00:00:00Z';
    await generateSqlite(folder.file, { events: EVENTS, until, archived: 0.4, pending: 0 });
    service = await startTestService({}, folder);
    const { file } = folder;
    database = await openSqliteDatabase({ file, clock: Date.now, leaseMs: 0, onAppended() {} });
  }, 60_000);
  afterAll(async () => {
    await database?.close();
    await service?.stop();
    folder.remove();
  });

  const ask = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${service.url}/api/events${query}`, { headers });
  const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

  it.each(EXPORT_FORMATS)('has every event, as the tables do, in %s', async (format) => {
    const accept = EXPORT_TYPES[format].split(';')[0] ?? '';
    const answer = await ask('?archive=include', { accept });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(EXPORT_TYPES[format]);
    expect(answer.headers.get('content-disposition')).toMatch(
      new RegExp(`^attachment; filename="events-\\d{4}-\\d\\d-\\d\\dT\\d{6}Z\\.${format}"$`),
    );
    const rows = await readExport(format, await bytesOf(answer));
    expect(firstDifference(rows, await expectedRows(database, format))).toBeNull();
    expect(rows.length).toBeGreaterThanOrEqual(EVENTS);

    const live = await readExport(format, await bytesOf(await ask(`?format=${format}`)));
    const expected = await expectedRows(database, format, { archived: false });
    expect(firstDifference(live, expected)).toBeNull();
  });

  it('has what fits, from the cursor on, and no more than the limit', async () => {
    const filter = 'type=step-completed&archive=include';
    const lines = async (query: string) => readExport('ndjson', await bytesOf(await ask(query)));
    const all = await lines(`?format=ndjson&${filter}`);
    expect(all.length).toBeGreaterThan(100);
    expect(all.every(({ type }) => type === 'step-completed')).toBe(true);
    const { body } = await service.api.get(`/api/events?${filter}&limit=10`);
    const { events, nextCursor } = body as unknown as { events: unknown[]; nextCursor: string };
    expect(all.slice(0, 10)).toEqual(events);
    const some = await lines(`?format=ndjson&${filter}&limit=1500&cursor=${nextCursor}`);
    expect(firstDifference(some, all.slice(10))).toBeNull();
    expect(await lines(`?format=ndjson&${filter}&limit=7`)).toEqual(all.slice(0, 7));
    expect(await lines('?format=ndjson&process=nothing')).toEqual([]);
  });

  it('has no body for HEAD, and refuses what makes no sense before it begins', async () => {
    const head = await fetch(`${service.url}/api/events?format=csv`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-type')).toBe(EXPORT_TYPES.csv);
    for (const [query, detail] of [
      ['?format=xml', /format/],
      ['?format=csv&cursor=nonsense', /cursor/],
      ['?format=csv&from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', /before to/],
      ['?limit=1001', /at most 1000/],
    ] as const) {
      const answer = await ask(query);
      const problem = (await answer.json()) as { detail: string };
      expect(answer.status, query).toBe(400);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(problem.detail).toMatch(detail);
    }
  });

  it('is asked for by the type that is preferred', () => {
    expect(acceptedFormat(undefined)).toBeNull();
    expect(acceptedFormat('*/*')).toBeNull();
    expect(acceptedFormat('application/json, text/csv')).toBeNull();
    expect(acceptedFormat('text/csv;q=0.5, application/x-ndjson')).toBe('ndjson');
    expect(acceptedFormat('text/csv; header=present, */*;q=0.1')).toBe('csv');
    expect(acceptedFormat('Application/Vnd.Apache.Parquet')).toBe('parquet');
    expect(acceptedFormat('text/csv;q=0')).toBeNull();
  });

  describe('and its reader', () => {
    const log: Record<string, unknown>[] = [];
    let app: FastifyInstance | undefined;
    let exports: Exports;
    let pages = 0;
    let reading: AbortSignal | undefined;
    afterEach(async () => {
      await app?.close();
      log.length = 0;
    });

    /** A server with exports of 1,000 times the events, so that no buffer takes all of them. */
    async function serve(
      more: Partial<FeedRows> = {},
      options: { max?: number; patienceMs?: number } = {},
    ) {
      pages = 0;
      reading = undefined;
      const { feedRows } = database;
      const rows: FeedRows = {
        head: async () => String(1_000 * EVENTS),
        async page(query, signal) {
          pages++;
          reading = signal;
          const page = await feedRows.page({ ...query, after: '0', limit: 200 }, signal);
          const after = Number(query.after);
          const items = page.items.map((row, at) => ({ ...row, position: after + at + 1 }));
          return { items, lookedTo: String(after + items.length), atEnd: false };
        },
        ...more,
      };
      exports = createExports({ feedRows: rows, access: openAccess, max: 4, ...options });
      app = Fastify({
        forceCloseConnections: true,
        logger: { level: 'warn', stream: { write: (line) => void log.push(JSON.parse(line)) } },
      });
      app.decorateRequest('caller', null);
      app.addHook('preClose', async () => exports.close());
      app.get('/', (request, reply) =>
        exports.send({
          request,
          reply,
          format: 'ndjson',
          part: { filter: {}, archived: true, after: '0' },
        }),
      );
      return app.listen({ port: 0 });
    }

    async function open(url: string): Promise<IncomingMessage> {
      const [answer] = (await once(httpGet(url), 'response')) as [IncomingMessage];
      return answer;
    }

    /** How it ends: whole, or not. */
    async function endOf(answer: IncomingMessage): Promise<'whole' | 'broken'> {
      answer.resume();
      return new Promise((resolve) => {
        answer.once('end', () => resolve('whole'));
        answer.once('error', () => resolve('broken'));
      });
    }

    /** Resolves when no page is read any more. */
    async function quiet(): Promise<number> {
      let before = -1;
      await until(async () => {
        const same = pages === before;
        before = pages;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return same && pages === before;
      }, 'no more pages are read');
      return pages;
    }

    it('who reads nothing has nothing more read for it, and gets on when it reads', async () => {
      const answer = await open(await serve());
      const read = await quiet();
      expect(read).toBeLessThan(60);
      answer.on('data', () => {});
      await until(() => pages > read + 20, 'it goes on');
      answer.destroy();
      await quiet();
    });

    it('who hangs up frees its place, and nothing is read any more', async () => {
      const answer = await open(await serve());
      await quiet();
      expect(exports.size()).toBe(1);
      answer.destroy();
      await until(() => exports.size() === 0, 'its place is free');
      const read = await quiet();
      expect(read).toBe(pages);
      expect(reading?.aborted).toBe(true);
      expect(log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    });

    it('who takes nothing for long loses its place', async () => {
      const answer = await open(await serve({}, { patienceMs: 200 }));
      await until(() => exports.size() === 0, 'its place is free');
      expect(await endOf(answer)).toBe('broken');
      expect(JSON.stringify(log)).toContain('took nothing for long');
    });

    it('is told by a broken connection that the service stopped', async () => {
      const answer = await open(await serve());
      const ended = endOf(answer);
      await app?.close();
      expect(await ended).toBe('broken');
      expect(exports.size()).toBe(0);
    });

    it('is told by a broken connection that the database was lost, and a log line says so', async () => {
      const { feedRows } = database;
      let nth = 0;
      const answer = await open(
        await serve({
          async page(query, signal) {
            if (++nth > 3) throw new StoreUnavailableError('the database went away');
            const page = await feedRows.page({ ...query, limit: 10 }, signal);
            return { ...page, atEnd: false };
          },
        }),
      );
      expect(await endOf(answer)).toBe('broken');
      await until(() => exports.size() === 0, 'its place is free');
      const said = log.find(({ msg, level }) => msg === 'an export was broken off' && level === 50);
      expect(said).toMatchObject({ err: { message: 'the database went away' } });
    });

    it('is refused when as many are at it as may be', async () => {
      const url = await serve({}, { max: 1 });
      const first = await open(url);
      const second = await fetch(url);
      expect(second.status).toBe(503);
      expect(second.headers.get('retry-after')).toBe('5');
      expect(await second.json()).toMatchObject({ type: 'urn:fastify-camunda:problem:overloaded' });
      first.destroy();
      await until(() => exports.size() === 0, 'its place is free');
      const third = await open(url);
      expect(third.statusCode).toBe(200);
      third.destroy();
    });
  });
});
