import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateSqlite } from '../../../src/cli/generate/generate.ts';
import { databaseFile } from '../../../src/composition/database/database-target.ts';
import { runCommand } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

describe('while another process holds the file of the database', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let holder: BetterSqlite3.Database;
  beforeEach(async () => {
    folder = temporaryFolder();
    const file = databaseFile({ DATA_DIR: folder.path });
    await generateSqlite(file, { events: 200, until: '2026-06-01T00:00:00Z' });
    holder = new BetterSqlite3(file);
    holder.exec('BEGIN IMMEDIATE');
  });
  afterEach(() => {
    holder.close();
    folder.remove();
  });
  const run = (...words: string[]) =>
    runCommand(words, { DATA_DIR: folder.path, LOG_LEVEL: 'error' });

  it('a command that only reads does its work', async () => {
    const { code, err } = await run('verify');
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  it('a command that writes says so in one line', async () => {
    const { code, err } = await run('archive', '--older-than', '0s');
    expect(err).toMatch(
      /^fastify-camunda: .*another process had it.*run the same command again.*\n$/,
    );
    expect(code).toBe(1);
  });
});
