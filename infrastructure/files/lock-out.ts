import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { SetupError } from '../../domain/common/index.ts';
import { isBusy, lockFile } from '../sqlite/file-lock.ts';

/**
 * Keeps a second run off the same export, by a file that is there as long as the lock is.
 *
 * @returns a function that gives the lock up
 * @throws SetupError when another run has it, or the file cannot be written
 */
export function lockOut(path: string): () => Promise<void> {
  for (;;) {
    const unlock = tryLock(path);
    if (!unlock) continue;
    return async () => {
      // Before the lock is given up: a file of this name may be that of another run afterwards.
      await rm(path, { force: true });
      unlock();
    };
  }
}

/** Null when the owner of the file removed it after it was opened here: then others lock a new one of that name. */
function tryLock(path: string): (() => void) | null {
  let handle: number | undefined;
  let release: (() => void) | undefined;
  try {
    // Open until the end, so that no other file is given its number. Not closed before: that would drop the
    // lock (https://sqlite.org/howtocorrupt.html, 2.2).
    const file = openSync(path, 'a');
    handle = file;
    const giveUp = lockFile(path, 'exclusive', 0);
    release = giveUp;
    if (isAt(path, file)) {
      return () => {
        giveUp();
        closeSync(file);
      };
    }
  } catch (cause) {
    // SQLite may come upon the removal itself, as an error of the disk.
    if (handle === undefined || isBusy(cause) || isAt(path, handle)) {
      if (handle !== undefined) closeSync(handle);
      throw new SetupError(
        isBusy(cause)
          ? '--out: another run is writing this file; wait for its end, or choose another name'
          : `--out: ${path} cannot be written: ${String(cause)}`,
        { cause },
      );
    }
  }
  release?.();
  closeSync(handle);
  return null;
}

function isAt(path: string, handle: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(handle).ino;
}
