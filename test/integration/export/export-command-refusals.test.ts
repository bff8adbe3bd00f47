import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSqlite } from '../../../src/cli/generate/generate.ts';
import { databaseFile } from '../../../src/composition/database/database-target.ts';
import { runCommand } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

describe('the command export', () => {
  const folder = temporaryFolder();
  const env = { DATA_DIR: folder.path };
  const at = (name: string) => join(folder.path, name);
  beforeAll(async () => {
    await generateSqlite(databaseFile(env), { events: 10, until: '2026-06-01T00:00:00Z' });
  });
  afterAll(() => folder.remove());

  it('refuses invalid options in one sentence', async () => {
    writeFileSync(at('taken'), '');
    const wrong: [string[], Record<string, string>, RegExp][] = [
      [[], {}, /--out <file>/],
      [['--out', at('taken')], {}, /--out: .*taken is there already; .*--force/],
      [['--out', folder.path], {}, /--out: .* is no file/],
      [['--out', at('no/where')], {}, /--out: there is no folder .*no; make it/],
      [['--out', at('x'), '--format', 'xml'], {}, /--format.*ndjson, csv, parquet/],
      [['--out', at('x'), '--from', 'monday'], {}, /--from <time>.*2026-01-31T12:00:00Z/],
      [['--out', at('x'), '--to', '2026-02-30'], {}, /--to <time>.*2026-01-31T12:00:00Z/],
      [['--out', at('x'), '--from', '2026-01-31T12:00'], {}, /--from <time>.*with its zone/],
      [
        ['--out', at('x'), '--from', '2026-02-01', '--to', '2026-01-01'],
        {},
        /--from: .* is not before --to/,
      ],
      [['--out', at('x'), '--type', 'step'], {}, /--type <type>.*step-failed/],
      [['--out', at('x'), '--identifier', 'userId'], {}, /--identifier.*userId=42/],
      [['--out', at('x'), '--archive', 'only'], {}, /--archive.*include, exclude/],
      [['--out', at('x')], { DATA_DIR: at('nowhere') }, /DATA_DIR: there is no database/],
    ];
    const runs = await Promise.all(
      wrong.map(([args, more]) => runCommand(['export', ...args], { ...env, ...more })),
    );
    for (const [nth, { code, out, err }] of runs.entries()) {
      expect({ code, out }, err).toEqual({ code: 1, out: '' });
      expect(err).toMatch(wrong[nth]?.[2] ?? /never/);
    }
    expect(existsSync(at('x'))).toBe(false);
    expect(readdirSync(folder.path).filter((one) => one.startsWith('x.'))).toEqual([]);
  });
});
