import { constants, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { generateSqlite } from '../../src/cli/generate/generate.ts';
import type { Volumes } from '../../src/cli/generate/volumes.ts';
import { databaseFile } from '../../src/composition/database/database-target.ts';
import type { Run } from './benchmark.ts';

/** The end of the generated time range. */
export const GENERATED_UNTIL = '2026-01-01T00:00:00.000Z';

export interface GeneratedDatabase {
  /** Read-only: other measurements use it, too. */
  file: string;
  /** Makes a copy that may be changed; its folder can be the DATA_DIR of a service or a command. */
  copy(): { dataDir: string; file: string; remove(): void };
}

const databases = new Map<string, Promise<GeneratedDatabase>>();

/** Generates an SQLite database with so many events, once in a run of benchmarks. */
export function generatedDatabase(
  run: Run,
  events: number,
  volumes: Partial<Omit<Volumes, 'events' | 'until'>> = {},
): Promise<GeneratedDatabase> {
  const key = JSON.stringify([events, Object.entries(volumes).sort()]);
  const known = databases.get(key);
  if (known) return known;
  const database = open(run, events, volumes);
  databases.set(key, database);
  return database;
}

async function open(
  run: Run,
  events: number,
  volumes: Partial<Volumes>,
): Promise<GeneratedDatabase> {
  const file = await (run.keep
    ? generateOnce(run, run.keep, events, volumes)
    : generate(run, run.folder(), events, volumes));
  return {
    file,
    copy() {
      const dataDir = run.folder();
      const copied = databaseFile({ DATA_DIR: dataDir });
      copyFileSync(file, copied, constants.COPYFILE_FICLONE);
      return {
        dataDir,
        file: copied,
        remove: () => rmSync(dataDir, { recursive: true, force: true }),
      };
    },
  };
}

/** Generates a database that is kept for later runs. Its folder gets its name only when the database is complete. */
async function generateOnce(
  run: Run,
  keep: string,
  events: number,
  volumes: Partial<Volumes>,
): Promise<string> {
  const what = Object.entries(volumes).sort().flat();
  const folder = join(keep, [events, ...what].join('-'));
  if (!existsSync(folder)) {
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    await generate(run, unfinished, events, volumes);
    renameSync(unfinished, folder);
  }
  return databaseFile({ DATA_DIR: folder });
}

async function generate(
  run: Run,
  folder: string,
  events: number,
  volumes: Partial<Volumes>,
): Promise<string> {
  const file = databaseFile({ DATA_DIR: folder });
  const began = performance.now();
  await generateSqlite(file, { ...volumes, events, until: GENERATED_UNTIL });
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  run.progress(`generated ${events.toLocaleString('en')} events in ${seconds} s`);
  return file;
}
