import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { EXPORT_FORMATS, type ExportFormat } from '../../../infrastructure/files/export-formats.ts';
import { generateSqlite } from '../../../src/cli/generate/generate.ts';
import { databaseFile } from '../../../src/composition/database/database-target.ts';
import { endedProcess } from '../../support/archive-world.ts';
import { endWithUs, isOnPath, until } from '../../support/children.ts';
import { builtFile, runCommand, runOnTerminal } from '../../support/commands.ts';
import { databaseKinds, temporaryFolder } from '../../support/databases.ts';
import { expectedRows, firstDifference, readExport } from '../../support/exported.ts';

const BIN = await builtFile('src/bin.ts');
const HOLD_AT = await builtFile('test/support/programs/hold-at.ts');
const EVENTS = 6_000;

describe('the command export', () => {
  const folder = temporaryFolder();
  const env = { DATA_DIR: folder.path };
  const whole = new Map<ExportFormat, Buffer>();
  let events: number;
  beforeAll(async () => {
    const until = '2026-06-01T00:00:00Z';
    ({ events } = await generateSqlite(databaseFile(env), {
      events: EVENTS,
      until,
      archived: 0.4,
    }));
  });
  afterAll(() => folder.remove());

  /** With everything there is, unless the words say otherwise. */
  const run = (...args: string[]) => runCommand(['export', '--archive', 'include', ...args], env);
  const at = (name: string) => join(folder.path, name);
  const beside = (name: string) =>
    readdirSync(folder.path).filter((one) => one.startsWith(`${name}.`));

  /** A whole export, made once. */
  async function wholeOf(format: ExportFormat): Promise<Buffer> {
    const known = whole.get(format);
    if (known) return known;
    const { code, err } = await run('--format', format, '--out', at(`whole-${format}`));
    expect(code, err).toBe(0);
    const bytes = readFileSync(at(`whole-${format}`));
    whole.set(format, bytes);
    return bytes;
  }

  /** The file, or the numbered files, hold what one has that was written at one go. */
  async function expectWhole(name: string, format: ExportFormat): Promise<void> {
    const rows = await readExport(format, readFileSync(at(name)));
    for (let file = 2; existsSync(at(`${name}.${file}`)); file++) {
      rows.push(...(await readExport(format, readFileSync(at(`${name}.${file}`)))));
    }
    expect(firstDifference(rows, await readExport(format, await wholeOf(format)))).toBeNull();
  }

  it.each(EXPORT_FORMATS)('writes every event, live or archived, as %s', async (format) => {
    const rows = await readExport(format, await wholeOf(format));
    expect(rows).toHaveLength(events);
    expect(new Set(rows.map(({ id }) => String(id))).size).toBe(events);
    expect(beside(`whole-${format}`), 'nothing is left beside it').toEqual([]);
  });

  it('logs what it did, with a line now and then', async () => {
    const { code, out, err } = await run('--out', at('said.ndjson'));
    expect(code).toBe(0);
    const { size } = statSync(at('said.ndjson'));
    expect(out).toMatch(new RegExp(`^exported ${events} events, ${size} bytes, [\\d.]+ s\\n$`));
    const last = JSON.parse(err.trimEnd().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ msg: 'export', events, bytes: size, done: last.total });
  });

  it('writes to standard output what it would write to a file', async () => {
    const { code, out, err } = await run('--format', 'csv', '--out', '-');
    expect(code).toBe(0);
    expect(out === (await wholeOf('csv')).toString()).toBe(true);
    expect(err).toMatch(new RegExp(`exported ${events} events, \\d+ bytes, [\\d.]+ s\\n$`));
  });

  it('takes the filters of the feed', async () => {
    const [from, to] = ['2026-01-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'];
    const all = await readExport('csv', await wholeOf('csv'));
    const filters = ['--from', '2026-01-01', '--to', '2026-03-01T01:00:00+01:00'];
    const types = ['--type', 'step-failed', '--type', 'process-failed', '--status', 'error'];
    const { code, out, err } = await run(
      ...['--format', 'csv', '--out', at('some.csv'), '--archive', 'exclude', ...filters, ...types],
    );
    expect(code, err).toBe(0);
    expect(out).toContain('without those of archived processes (--archive include)');
    const some = await readExport('csv', readFileSync(at('some.csv')));
    const fits = (row: Record<string, unknown>): boolean =>
      ['step-failed', 'process-failed'].includes(String(row.event_type)) &&
      row.archived_at === null &&
      String(row.created_at) >= from &&
      String(row.created_at) < to;
    expect(firstDifference(some, all.filter(fits))).toBeNull();
    expect(some.length).toBeGreaterThan(10);
  });

  it.each(EXPORT_FORMATS)(
    'ends at Ctrl-C, and resumes there when it is run again, as %s',
    async (format) => {
      const name = `interrupted-${format}`;
      const first = begin('--format', format, '--out', at(name));
      await first.held;
      first.child.kill('SIGINT');
      expect(await first.ended, first.output()).toEqual([130, null]);
      expect(first.output()).toContain('stopped; run the same command again to resume');
      expect(existsSync(at(name)), 'no file has the name before it is complete').toBe(false);
      const kept = sizeOf(`${at(name)}.partial`);
      expect(kept).toBeLessThan((await wholeOf(format)).length);
      const { code, err } = await run('--format', format, '--out', at(name));
      expect(code, err).toBe(0);
      expect(err).toContain('resuming behind');
      await expectWhole(name, format);
      // What a Parquet file describes is at its end: it is ended at Ctrl-C, and followed by another one.
      expect(beside(name)).toEqual(format === 'parquet' ? [`${name}.2`] : []);
    },
  );

  it.each(EXPORT_FORMATS)(
    'killed at any point it resumes behind what is whole, as %s',
    async (format) => {
      const name = `killed-${format}`;
      const words = ['--format', format, '--out', at(name)];
      for (const bytes of [1, 60_000, 120_000]) {
        const child = beginUpTo(bytes, ...words);
        await child.held;
        child.child.kill('SIGKILL');
        await child.ended;
      }
      // As a power cut may leave the end of what was not synced, and of the journal's last line.
      const journal = `${at(name)}.partial.journal`;
      writeFileSync(`${at(name)}.partial`, 'torn', { flag: 'a' });
      writeFileSync(journal, '{"written":"1', { flag: 'a' });
      const { code, err } = await run(...words);
      expect(code, err).toBe(0);
      await expectWhole(name, format);
    },
  );

  it('starts again when its file has lost what the journal says of it', async () => {
    const words = ['--out', at('lost')];
    const first = begin(...words);
    await first.held;
    first.child.kill('SIGINT');
    await first.ended;
    truncateSync(`${at('lost')}.partial`, 10);
    expect(await run(...words)).toMatchObject({ code: 0 });
    await expectWhole('lost', 'ndjson');
  });

  it('keeps what is written when there is no room for more, and continues when there is', async () => {
    const words = ['export', '--archive', 'include', '--out', at('full')];
    const line = [process.execPath, BIN, ...words].map((word) => `'${word}'`).join(' ');
    // Blocks of 512 bytes or 1 KiB, as the shell has it: less than the whole in both cases.
    const limited = spawn('sh', ['-c', `ulimit -f 4000; exec ${line}`], {
      env: { PATH: process.env.PATH ?? '', ...env, LOG_LEVEL: 'error' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    limited.stderr.on('data', (data) => {
      err += String(data);
    });
    expect(await once(limited, 'close'), err).toEqual([1, null]);
    expect(err).toMatch(
      /^fastify-camunda: --out: there is no room left for .*full \(EFBIG\); what is written is kept: make room, and run the same command again to resume\n$/,
    );
    const again = await runCommand(words, env);
    expect(again.code, again.err).toBe(0);
    await expectWhole('full', 'ndjson');
  });

  it('keeps a second run off the same file', async () => {
    const first = begin('--out', at('one'));
    await first.held;
    const second = await run('--out', at('one'));
    expect(second).toMatchObject({
      code: 1,
      err: 'fastify-camunda: --out: another run is writing this file; wait for its end, or choose another name\n',
    });
    first.child.kill('SIGINT');
    expect(await first.ended).toEqual([130, null]);
    expect((await run('--out', at('one'))).code).toBe(0);
    await expectWhole('one', 'ndjson');
  });

  it('replaces a file with --force only, and continues no other export', async () => {
    writeFileSync(at('mine'), 'mine');
    expect((await run('--out', at('mine'))).code).toBe(1);
    expect(readFileSync(at('mine'), 'utf8')).toBe('mine');
    expect((await run('--out', at('mine'), '--force')).code).toBe(0);
    await expectWhole('mine', 'ndjson');

    const first = begin('--out', at('other'));
    await first.held;
    first.child.kill('SIGINT');
    await first.ended;
    const other = ['--format', 'csv', '--out', at('other')];
    expect((await run(...other)).err).toMatch(
      /^fastify-camunda: --out: .*other\.partial is there, of an export with other options or by another release;[^\n]*--force\n$/,
    );
    expect((await run(...other, '--force')).code).toBe(0);
    await expectWhole('other', 'csv');
  });

  it('does not continue a file of columns that an older release began', async () => {
    const words = ['--format', 'csv', '--out', at('older')];
    const first = begin(...words);
    await first.held;
    first.child.kill('SIGINT');
    await first.ended;
    const journal = `${at('older')}.partial.journal`;
    const [head = '', ...rest] = readFileSync(journal, 'utf8').split('\n');
    const { columns: _, ...older } = JSON.parse(head);
    writeFileSync(journal, [JSON.stringify(older), ...rest].join('\n'));
    expect((await run(...words)).err).toMatch(/of an export with other options or by another/);
    expect((await run(...words, '--force')).code).toBe(0);
    await expectWhole('older', 'csv');
  });

  it.skipIf(!isOnPath('script'))('shows a bar on a terminal', async () => {
    const { code, out } = await runOnTerminal(
      ['export', '--archive', 'include', '--out', at('bar')],
      {
        ...env,
        TERM: 'xterm',
      },
    );
    expect(code, out).toBe(0);
    expect(out).toMatch(/export █+ 100 % \| (\d+) of \1 \|/);
    expect(out).not.toContain('"level"');
    expect(out.trimEnd().split('\n').at(-1)).toContain(`exported ${events} events`);
  });

  function sizeOf(path: string): number {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  const begin = (...args: string[]) => beginUpTo(100_000, ...args);

  /** An export that stands still once it has written so many bytes, until it is interrupted or killed. */
  function beginUpTo(bytes: number, ...args: string[]) {
    const words = ['export', '--archive', 'include', ...args];
    const child = spawn(process.execPath, ['--import', HOLD_AT, BIN, ...words], {
      env: { PATH: process.env.PATH ?? '', ...env, HOLD_AT: String(bytes) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endWithUs(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += String(data);
      });
    }
    const held = until(() => /^held$/m.test(output), 'it is in the middle');
    return { child, held, output: () => output, ended: once(child, 'close') };
  }
});

describe.skipIf(inject('mssqlUrl') === null)('the command export on SQL Server', () => {
  it('writes what the table holds', async () => {
    const kind = databaseKinds().find(({ name }) => name === 'SQL Server');
    const database = await kind?.open();
    if (!database) throw new Error('no SQL Server');
    const folder = temporaryFolder();
    for (let at = 0; at < 5; at++) await endedProcess(database, `process-${at}`);
    for (const format of EXPORT_FORMATS) {
      const out = join(folder.path, `events.${format}`);
      const env = { DATABASE_URL: database.target };
      const { code, err } = await runCommand(['export', '--format', format, '--out', out], env);
      expect(code, err).toBe(0);
      expect(await readExport(format, readFileSync(out))).toEqual(
        await expectedRows(database, format),
      );
    }
    folder.remove();
    await database.destroy();
  });
});
