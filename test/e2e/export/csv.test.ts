import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { runCommand } from '../../support/commands.ts';
import { randomFrom, requested, stepCompleted, stepFailed } from '../../support/events.ts';
import {
  type CsvReader,
  countWithDuckDb,
  type ExportedRow,
  expectedRows,
  fileOf,
  readWithDuckDb,
  readWithPython,
  unguarded,
} from '../../support/exported.ts';
import { createFolder, startTestService, type TestService } from '../../support/service.ts';

/** What a spreadsheet runs, or would run once it has dropped what is before it. */
const FORMULAS = [
  ...[
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '\r\n=1',
    ' =1',
    '  \n\t -2+3',
    '\u00a0@A1',
  ],
  ...['＝1', '＋1', '－1', '＠A1', '\n＝1', '\ufeff=1', '\u200b=1', '\u0000=1', '\u2212 1', '﹦1'],
];
const TEXTS = [
  ...FORMULAS,
  ...[
    'a\nb',
    'a\rb',
    'a\r\nb',
    '\n',
    '\r',
    '\n\n',
    'a\n',
    '\na',
    '',
    ' ',
    ' a',
    'a ',
    '\t',
    '"',
    '""',
    'a"b',
    "'",
  ],
  ...[
    "'=1",
    "''",
    "'a",
    ',',
    ',,',
    'a,b',
    'a;b',
    '#a',
    '\\',
    '\\"',
    '\\N',
    'NULL',
    'null',
    '\u2028',
    '\u0085',
    '\f',
  ],
  ...[
    'Grüße 你好 👋',
    '\u0000',
    '1e3',
    '007',
    '2026-01-31',
    '1,5',
    "=cmd|' /C calc'!A0",
    '"\r\n"\n',
  ],
];
const PIECES = [...'=+-@\t\r\n ,;"\'\\#＝a7.', '\r\n', '""', '👋', '\u00a0', '\ufeff', 'é'];
const RANDOM_TEXTS = 400;

describe('a CSV export, read by others', () => {
  const folder = createFolder();
  let service: TestService;
  let database: Database;
  let expected: ExportedRow[];
  const files = new Map<string, string>();
  beforeAll(async () => {
    const { file } = folder;
    database = await openSqliteDatabase({ file, clock: Date.now, leaseMs: 0, onAppended() {} });
    const random = randomFrom(11);
    const pick = (): string => PIECES[Math.floor(random() * PIECES.length)] ?? '';
    const made = Array.from({ length: RANDOM_TEXTS }, () =>
      Array.from({ length: 1 + Math.floor(random() * 6) }, pick).join(''),
    );
    for (const [at, text] of [...TEXTS, ...made].entries()) {
      const step = stepCompleted(`text-${at}`);
      const broken = stepFailed(`text-${at}`, 1);
      await database.eventStore.append(`text-${at}`, [
        requested(),
        { ...step, audit: { ...step.audit, result: text, endpoint: text } },
        { ...broken, data: { ...broken.data, message: text } } as typeof broken,
      ]);
    }
    // Nothing is to come of them.
    await database.knex('outbox').delete();
    service = await startTestService({}, folder);
    const answer = await fetch(`${service.url}/api/events?format=csv`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    files.set('HTTP', fileOf(join(folder.path, 'http.csv'), bytes));
    const out = join(folder.path, 'command.csv');
    const { code, err } = await runCommand(['export', '--format', 'csv', '--out', out], {
      DATA_DIR: folder.data,
    });
    expect(code, err).toBe(0);
    files.set('the command', out);
    expected = await allRows();
  });
  afterAll(async () => {
    await database?.close();
    await service?.stop();
    folder.remove();
  });

  /** More than a page of the feed. */
  async function allRows(): Promise<ExportedRow[]> {
    const rows = await database.knex('event_log').orderBy('id');
    const eventFeed = {
      page: async () => ({
        items: rows.map(({ id }) => ({ position: String(id), event: { id: String(id) } })),
      }),
    };
    return expectedRows({ ...database, eventFeed: eventFeed as never }, 'csv', { archived: false });
  }

  const readers: readonly [string, CsvReader, string | null][] = [
    ["Python's csv", readWithPython, ''],
    ['DuckDB', readWithDuckDb, null],
  ];
  for (const source of ['HTTP', 'the command']) {
    it.each(readers)(
      `by ${source} has every value as it is stored, read by %s`,
      async (_, read, nothing) => {
        const [names = [], ...lines] = await read(files.get(source) ?? '');
        expect(lines).toHaveLength(expected.length);
        const rows = lines.map((line) =>
          Object.fromEntries(
            names.map((name, at) => {
              const field = line[at] ?? null;
              return [name, field === null ? null : unguarded(field)];
            }),
          ),
        );
        const wanted = expected.map((row) =>
          Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? nothing])),
        );
        for (const [at, row] of rows.entries()) expect(row).toEqual(wanted[at]);
      },
    );
  }

  it('has as many rows as there are events for a DuckDB without any hints about the file', async () => {
    expect(await countWithDuckDb(files.get('HTTP') ?? '')).toBe(expected.length);
  });

  it('says with the media type and an unquoted first line what its columns are', () => {
    const [first = ''] = readFileSync(files.get('HTTP') ?? '', 'utf8').split('\r\n');
    expect(first).toMatch(/^id,correlation_id,version,event_type,[a-z_,]+,archived_at$/);
  });

  it('has no field that a spreadsheet would run, whatever blanks it drops before it', async () => {
    const fields = (await readWithPython(files.get('HTTP') ?? '')).flat();
    const run = /^[\s\p{C}\p{Z}]*[=+\-@＝＋－＠﹦\u2212]/u;
    expect(fields.filter((field) => run.test(field ?? '') && !/^-?\d+$/.test(field ?? ''))).toEqual(
      [],
    );
    for (const text of FORMULAS) expect(fields, JSON.stringify(text)).toContain(`'${text}`);
  });
});
