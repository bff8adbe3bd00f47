import { existsSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm, truncate } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SetupError } from '../../domain/common/index.ts';
import type { ExportPiece } from '../../domain/export/index.ts';
import {
  BEGINNING,
  beginJournal,
  type Checkpoint,
  type ExportSubject,
  type Journal,
  readJournal,
  resumeJournal,
} from './export-journal.ts';
import { lockOut } from './lock-out.ts';
import { numberedName } from './numbered-name.ts';

/** Where an export goes. */
export interface ExportTarget {
  /** What an earlier run wrote. */
  exported: Pick<Checkpoint, 'position' | 'events' | 'bytes'>;
  /** The feed's head when the export began. */
  upTo: string;
  write(piece: ExportPiece): Promise<void>;
  /**
   * Everything is written: gives the files their names.
   *
   * @returns how many they are
   */
  complete(): Promise<number>;
  /** Leaves it as it is, for another run to resume. */
  leave(): Promise<void>;
}

interface ExportFileOptions {
  out: string;
  subject: ExportSubject;
  force: boolean;
  head: () => Promise<string>;
}

/** Milliseconds between two checkpoints: as much work is done again after a crash. */
const CHECKPOINT_MS = 1_000;
/** Codes of the system for "no room": disk, quota, limit of the process. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/**
 * A file that has its name when the export is complete and synced, and is `<out>.partial` until then. Parquet may be
 * several, of which the first one gets its name last. A journal beside it says how much is whole, so that the same
 * export resumes there: of lines as far as they are synced, of Parquet whole files only.
 *
 * @throws SetupError when a file is there already, or something else is in the way
 */
export async function openExportFile(options: ExportFileOptions): Promise<ExportTarget> {
  const { out, subject, force } = options;
  const isNumbered = subject.format === 'parquet';
  const nameOf = (file: number): string => numberedName(out, file);
  const partialOf = (file: number): string => `${nameOf(file)}.partial`;
  const journalPath = `${partialOf(1)}.journal`;
  checkPlace(out, force);
  const unlock = lockOut(`${partialOf(1)}.lock`);
  try {
    return await opened();
  } catch (error) {
    await unlock();
    throw explained(error, out);
  }

  async function opened(): Promise<ExportTarget> {
    const partial = partialOf(1);
    const known = existsSync(partial) ? readJournal(journalPath) : null;
    const same = known !== null && sameSubject(known.subject, subject);
    if (existsSync(partial) && !same && !force) {
      throw new SetupError(
        `--out: ${partial} is there, of an export with other options or by another release; run that one to its end, remove the file, or use --force`,
      );
    }
    const whole = same && isThere(known.last) ? known : null;
    if (isNumbered && !whole) checkPlace(nameOf(2), force);
    const upTo = whole ? whole.upTo : await options.head();
    const journal = whole
      ? await resumeJournal(journalPath)
      : await beginJournal(journalPath, subject, upTo);
    const last = whole?.last ?? BEGINNING;
    return fileTarget(await openFile(last), journal, upTo, last);
  }

  /** After a power cut the file may have lost what was not synced, but never what a checkpoint says. */
  function isThere({ files, fileBytes }: Checkpoint): boolean {
    for (let file = 1; file <= files; file++) {
      if (!existsSync(partialOf(file)) && !existsSync(nameOf(file))) return false;
    }
    return fileBytes === 0 || statSync(partialOf(files + 1)).size >= fileBytes;
  }

  /** The file to be written next; behind whole ones it is opened when there is something to write. */
  async function openFile({ files, fileBytes }: Checkpoint): Promise<FileHandle | null> {
    if (files > 0) return null;
    if (fileBytes > 0) await truncate(partialOf(1), fileBytes);
    return open(partialOf(1), fileBytes > 0 ? 'a' : 'w');
  }

  function fileTarget(
    opened: FileHandle | null,
    journal: Journal,
    upTo: string,
    exported: Checkpoint,
  ): ExportTarget {
    let handle = opened;
    const now = { ...exported };
    let checkedAt = performance.now();
    let isOpen = true;

    async function checkpoint(): Promise<void> {
      await handle?.datasync();
      await journal.add(now);
      checkedAt = performance.now();
    }

    async function endFile(): Promise<void> {
      await handle?.sync();
      await handle?.close();
      handle = null;
      now.files++;
      now.fileBytes = 0;
      await checkpoint();
    }

    async function close(): Promise<void> {
      if (!isOpen) return;
      isOpen = false;
      await Promise.allSettled([handle?.close(), journal.close()]);
      await unlock();
    }

    async function orExplain<T>(work: () => Promise<T>): Promise<T> {
      try {
        return await work();
      } catch (error) {
        await close();
        throw explained(error, out);
      }
    }

    async function write({ bytes, events, position, endsFile }: ExportPiece): Promise<void> {
      if (bytes.length > 0) {
        handle ??= await open(partialOf(now.files + 1), 'w');
        await handle.appendFile(bytes);
      }
      if (Number(position) > Number(now.position)) now.position = position;
      now.events += events;
      now.bytes += bytes.length;
      now.fileBytes += bytes.length;
      if (endsFile) await endFile();
      else if (!isNumbered && performance.now() - checkedAt >= CHECKPOINT_MS) await checkpoint();
    }

    async function complete(): Promise<number> {
      if (handle) await endFile();
      for (let file = now.files; file >= 1; file--) {
        // A killed run may have come this far.
        if (existsSync(partialOf(file))) await rename(partialOf(file), nameOf(file));
      }
      if (isNumbered) await removeFrom(now.files + 1);
      await syncFolder(dirname(resolve(out)));
      await rm(journalPath, { force: true });
      await close();
      return now.files;
    }

    /** With --force: the files of an export that had more of them. */
    async function removeFrom(file: number): Promise<void> {
      for (let next = file; existsSync(nameOf(next)); next++) await rm(nameOf(next));
    }

    return {
      exported,
      upTo,
      write: (piece) => orExplain(() => write(piece)),
      complete: () => orExplain(complete),
      leave: () =>
        orExplain(async () => {
          if (isOpen && !(isNumbered && now.fileBytes > 0)) await checkpoint();
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
    ? `--out: there is no room left for ${out} (${String(error.code)}); what is written is kept: make room, and run the same command again to resume`
    : `--out: ${out} cannot be written (${error.message})`;
  return new SetupError(message, { cause: error });
}
