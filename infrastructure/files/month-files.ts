import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Month } from '../../domain/archive/index.ts';
import { SetupError } from '../../domain/common/index.ts';
import { numberedName } from './numbered-name.ts';

/** Some of a month: 1 is `events-2026-03.parquet`, 2 `events-2026-03.2.parquet`. */
type Part = number;

export interface PartNames {
  events: string;
  processes: string;
}

const SUM = '.sha256';
const UNFINISHED = '.tmp';
const KINDS = ['events', 'processes'] as const;

/**
 * The files of the cold archive in a folder. All four of a part (two of rows and their
 * checksums) are written and synced under names with `.tmp`, the checksum of the processes last; only then do
 * they get their names, in that order. So after a kill either that last one is not there, and all with `.tmp`
 * are rubbish, or the rest is only renaming. Files that have their names are never removed.
 */
export function createMonthFiles(folder: string) {
  const at = (name: string, unfinished = false): string =>
    join(folder, unfinished ? name + UNFINISHED : name);
  const filesOf = ({ events, processes }: PartNames): string[] => [
    ...[events, processes],
    ...[events + SUM, processes + SUM],
  ];

  /** Every part of the month of which there is any file. */
  async function partsOf(month: Month): Promise<Part[]> {
    const pattern = new RegExp(
      `^(?:${KINDS.join('|')})-${month}(?:\\.(\\d+))?\\.parquet(?:\\${SUM})?(?:\\${UNFINISHED})?$`,
    );
    const found = (await readdir(folder)).flatMap((name) => {
      const match = pattern.exec(name);
      return match ? [Number(match[1] ?? 1)] : [];
    });
    return [...new Set(found)].sort((a, b) => a - b);
  }

  /** Ends what a killed run left: gives the files of a whole part their names, or removes them. */
  async function tidy(part: PartNames): Promise<void> {
    const there = new Set(await readdir(folder));
    const left = filesOf(part).filter((name) => there.has(name + UNFINISHED));
    if (left.length === 0) return;
    if (await isWhole(part, left)) return giveNames(part, left);
    for (const name of left) await rm(at(name, true), { force: true });
  }

  async function isWhole(part: PartNames, unfinished: readonly string[]): Promise<boolean> {
    if (!unfinished.includes(part.processes + SUM)) return false;
    for (const name of [part.events, part.processes]) {
      const [sum, file] = [name + SUM, name].map((each) => at(each, unfinished.includes(each)));
      if ((await sumIn(sum ?? '', name)) !== (await sumOf(file ?? ''))) return false;
    }
    return true;
  }

  async function giveNames(part: PartNames, unfinished: readonly string[]): Promise<void> {
    // The checksum of the processes comes last: with it the part is complete.
    for (const name of filesOf(part)) {
      if (unfinished.includes(name)) await rename(at(name, true), at(name));
    }
    await syncFolder();
  }

  async function syncFolder(): Promise<void> {
    const handle = await open(folder, 'r');
    // Windows and some network folders cannot; the names are in the order of the renames there, too.
    await handle.sync().catch(() => {});
    await handle.close();
  }

  return {
    tidy,
    partsOf,
    /** Whether all four files of the part are there. */
    async isComplete(part: PartNames): Promise<boolean> {
      const there = new Set(await readdir(folder));
      return filesOf(part).every((name) => there.has(name));
    },
    /** @throws SetupError when a file of the part is not what its checksum says */
    async check(part: PartNames): Promise<void> {
      for (const name of [part.events, part.processes]) {
        if ((await sumIn(at(name + SUM), name)) === (await sumOf(at(name)))) continue;
        throw new SetupError(
          `ARCHIVE_EXPORT_DIR: ${at(name)} is not what ${name}${SUM} says; nothing of its month is purged. Bring the file back as it was, or move both elsewhere`,
        );
      }
    },
    /** Writes the checksums of two files that are written and synced, and gives all four their names. */
    async complete(part: PartNames, sums: Record<keyof PartNames, string>): Promise<void> {
      for (const kind of KINDS) {
        const handle = await open(at(part[kind] + SUM, true), 'w');
        // The form that `sha256sum -c` reads: two spaces.
        await handle.writeFile(`${sums[kind]}  ${part[kind]}\n`);
        await handle.sync();
        await handle.close();
      }
      await syncFolder();
      await giveNames(part, filesOf(part));
    },
    path: at,
  };
}

export function namesOf(month: Month, part: Part): PartNames {
  return {
    events: numberedName(`events-${month}.parquet`, part),
    processes: numberedName(`processes-${month}.parquet`, part),
  };
}

/** The checksum of a file in a `.sha256` file; null when there is no such file. */
async function sumIn(path: string, name: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(orNothing);
  const [, sum, named] = /^([\da-f]{64}) [ *](.+)\n$/.exec(text ?? '') ?? [];
  return named === name ? (sum ?? null) : null;
}

async function sumOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    orNothing(error);
    return undefined;
  }
  return hash.digest('hex');
}

function orNothing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
