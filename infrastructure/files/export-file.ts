import { existsSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm, truncate } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SetupError } from '../../domain/common/index.ts';
import type { Exported } from './export-encoder.ts';
import type { ExportStep } from './export-events.ts';
import {
  beginJournal,
  type ExportSubject,
  goOnWithJournal,
  type Journal,
  readJournal,
} from './export-journal.ts';
import { lockOut } from './lock-out.ts';

/** Where an export goes. */
export interface ExportTarget {
  /** What is in it already. */
  exported: Exported;
  /** To go on behind. */
  after: string;
  /** The feed's head when it began. */
  upTo: string;
  write(step: ExportStep): Promise<void>;
  /** Everything is written: gives the file its name. */
  complete(): Promise<void>;
  /** Leaves it as it is, for another run to go on. */
  leave(): Promise<void>;
}

/** Milliseconds between two checkpoints: as much work is done again after a crash. */
const CHECKPOINT_MS = 1_000;
/** Codes of the system for "no room": disk, quota, limit of the process. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/**
 * A file that has its name when it is complete and synced, and is `<out>.partial` until then. A journal beside it
 * says how much of that is whole, so that the same export goes on there.
 *
 * @throws SetupError when the file is there already, or something else is in the way
 */
export async function openExportFile(options: {
  out: string;
  subject: ExportSubject;
  force: boolean;
  head: () => Promise<string>;
}): Promise<ExportTarget> {
  const { out, subject, force } = options;
  const partial = `${out}.partial`;
  const journalPath = `${partial}.journal`;
  checkPlace(out, force);
  const unlock = lockOut(`${partial}.lock`);
  try {
    return await opened();
  } catch (error) {
    await unlock();
    throw explained(error, out);
  }

  async function opened(): Promise<ExportTarget> {
    const known = existsSync(partial) ? readJournal(journalPath) : null;
    const same = known !== null && sameSubject(known.subject, subject);
    if (existsSync(partial) && !same && !force) {
      throw new SetupError(
        `--out: ${partial} is there, of an export with other options or by another release; run that one to its end, remove the file, or use --force`,
      );
    }
    // After a power cut the file may have lost what was not synced, but never what a checkpoint says.
    const whole = same && statSync(partial).size >= known.last.bytes ? known : null;
    const upTo = whole ? whole.upTo : await options.head();
    const journal = whole
      ? await goOnWithJournal(journalPath)
      : await beginJournal(journalPath, subject, upTo);
    if (whole) await truncate(partial, whole.last.bytes);
    const handle = await open(partial, whole ? 'a' : 'w');
    return fileTarget(handle, journal, upTo, whole?.last);
  }

  function fileTarget(
    handle: FileHandle,
    journal: Journal,
    upTo: string,
    last = { written: '0', events: 0, bytes: 0, entries: [] as string[] },
  ): ExportTarget {
    let { written, events, bytes } = last;
    let entries: string[] = [];
    let checkedAt = performance.now();
    let open = true;

    async function checkpoint(): Promise<void> {
      await handle.datasync();
      await journal.add({ written, events, bytes, entries });
      entries = [];
      checkedAt = performance.now();
    }

    async function close(): Promise<void> {
      if (!open) return;
      open = false;
      await Promise.allSettled([handle.close(), journal.close()]);
      await unlock();
    }

    async function told(work: () => Promise<void>): Promise<void> {
      try {
        await work();
      } catch (error) {
        await close();
        throw explained(error, out);
      }
    }

    return {
      exported: {
        events: last.events,
        bytes: last.bytes,
        entries: last.entries.map((entry) => Buffer.from(entry, 'base64')),
      },
      after: last.written,
      upTo,
      write: (step) =>
        told(async () => {
          await handle.appendFile(step.bytes);
          written = step.written;
          events += step.events;
          bytes += step.bytes.length;
          if (step.entry) entries.push(Buffer.from(step.entry).toString('base64'));
          if (performance.now() - checkedAt >= CHECKPOINT_MS) await checkpoint();
        }),
      complete: () =>
        told(async () => {
          await handle.sync();
          await rename(partial, out);
          await syncFolder(dirname(resolve(out)));
          await rm(journalPath, { force: true });
          await close();
        }),
      leave: () =>
        told(async () => {
          if (open) await checkpoint();
          await close();
        }),
    };
  }
}

function checkPlace(out: string, force: boolean): void {
  const folder = dirname(resolve(out));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new SetupError(`--out: there is no folder ${folder}; make it, or choose another one`);
  }
  const found = statSync(out, { throwIfNoEntry: false });
  if (found && !found.isFile()) {
    throw new SetupError(
      `--out: ${out} is no file; give the name of one, or - for standard output`,
    );
  }
  if (found && !force) {
    throw new SetupError(`--out: ${out} is there already; choose another name, or use --force`);
  }
}

/** A new name is durable when its folder is synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function sameSubject(one: ExportSubject, other: ExportSubject): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Says what is wrong with the file, for an error of the system about one. */
function explained(error: unknown, out: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error;
  const message = NO_ROOM.includes(String(error.code))
    ? `--out: there is no room left for ${out} (${String(error.code)}); what is written is kept: make room, and run the same command again to go on`
    : `--out: ${out} cannot be written (${error.message})`;
  return new SetupError(message, { cause: error });
}
