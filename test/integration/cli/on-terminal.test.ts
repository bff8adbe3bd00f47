import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateSqlite } from '../../../src/cli/generate/generate.ts';
import { databaseFile } from '../../../src/composition/database/database-target.ts';
import { isOnPath } from '../../support/children.ts';
import { runOnTerminal } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

describe.skipIf(!isOnPath('script'))('a long command on a terminal', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let env: Record<string, string>;
  beforeEach(async () => {
    folder = temporaryFolder();
    env = { DATA_DIR: folder.path, TERM: 'xterm', LOG_LEVEL: 'debug' };
    const file = databaseFile(env as { DATA_DIR: string });
    await generateSqlite(file, { events: 2_000, until: '2026-06-01T00:00:00Z', pending: 0 });
  });
  afterEach(() => folder.remove());

  it('shows a bar instead of log lines, and the result below it', async () => {
    const { code, out } = await runOnTerminal(['archive', '--older-than', '0s'], env);
    expect(code, out).toBe(0);
    expect(out).toMatch(/archive █+ 100 % \| (\d+) of \1 \|/);
    expect(out).not.toContain('"level"');
    expect(lastLine(out)).toMatch(/^archived \d+ processes with \d+ events in \d+ batches/);
  });

  it('shows each line of a result, whatever the bar does meanwhile', async () => {
    const { out } = await runOnTerminal(['restore', 'a', 'b', 'c', 'd'], env);
    const lines = out.split('\n').map(shown);
    expect(lines).toEqual(
      expect.arrayContaining(['a unknown', 'b unknown', 'c unknown', 'd unknown']),
    );
  });

  it('says in one sentence what is wrong', async () => {
    rmSync(databaseFile(env as { DATA_DIR: string }));
    const { code, out } = await runOnTerminal(['rebuild'], env);
    expect(code).toBe(1);
    expect(out.trim()).toMatch(/^fastify-camunda: DATA_DIR: there is no database [^\n]*$/);
  });
});

function lastLine(out: string): string {
  return shown(out.trimEnd().split('\n').at(-1) ?? '');
}

/** What stands on a line in the end: what came after it was last cleared. */
function shown(line: string): string {
  return (line.split('\u001b[K').at(-1) ?? '').trim();
}
