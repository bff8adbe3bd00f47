import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPORT_FORMATS } from '../../../infrastructure/files/export-formats.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { generateSqlite } from '../../../src/cli/generate/generate.ts';
import { EXPORT_TYPES } from '../../../src/http/feed/exports.ts';
import { expectedRows, firstDifference, readExport } from '../../support/exported.ts';
import { createFolder, startTestService, type TestService } from '../../support/service.ts';

const EVENTS = 900;

describe('an export over HTTP', () => {
  const folder = createFolder();
  let service: TestService;
  let database: Database;
  beforeAll(async () => {
    const until = '2026-06-01T00:00:00Z';
    await generateSqlite(folder.file, { events: EVENTS, until, archived: 0.4, pending: 0 });
    service = await startTestService({}, folder);
    const { file } = folder;
    database = await openSqliteDatabase({ file, clock: Date.now, leaseMs: 0, onAppended() {} });
  });
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

  it('has the matching events after the cursor, and no more than the limit', async () => {
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

  it('has no body for HEAD, and refuses invalid parameters before it begins', async () => {
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
});
