import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../../domain/common/index.ts';
import { isBusy, type LockMode, lockFile } from '../../../infrastructure/sqlite/file-lock.ts';
import { makeFolder } from '../../../infrastructure/sqlite/make-folder.ts';
import type { Config } from '../../config.ts';

/** Milliseconds to wait for another service that is trying the lock at the same moment. */
const WAIT_MS = 250;

/**
 * How an instance needs the data folder. The embedded queue and engine live in one process, and a second
 * one would do their work twice. With both outside, any number of processes may share the SQLite file.
 *
 * @returns null when nothing is kept in the folder
 */
export function dataLockMode(
  config: Pick<Config, 'DATABASE_URL' | 'REDIS_URL' | 'CAMUNDA_BASE_URL'>,
): LockMode | null {
  if (config.CAMUNDA_BASE_URL === '') return 'exclusive';
  if (config.DATABASE_URL !== '') return null;
  return config.REDIS_URL === '' ? 'exclusive' : 'shared';
}

/**
 * Makes the data folder, with those above it, unless it is there.
 *
 * @throws SetupError when it cannot be made, is no folder, or cannot be written
 */
export function makeDataDir(directory: string): void {
  try {
    makeFolder(directory);
    accessSync(directory, constants.W_OK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(
      `DATA_DIR: ${directory} cannot be made or written: ${reason}; name a folder that the service may write`,
      { cause },
    );
  }
}

/**
 * Keeps services off the same data that would get in each other's way.
 *
 * @returns a function that gives the lock up
 * @throws SetupError when another service runs on the folder, or it cannot be written
 */
export function lockDataDir(directory: string, mode: LockMode): () => void {
  makeDataDir(directory);
  try {
    return lockFile(join(directory, 'service.lock'), mode, WAIT_MS);
  } catch (cause) {
    const who =
      mode === 'exclusive' ? 'another service' : 'a service with embedded queue or engine';
    throw new SetupError(
      isBusy(cause)
        ? `DATA_DIR: ${who} is running on ${directory}; stop it or choose another folder`
        : `DATA_DIR: the folder ${directory} cannot be written: ${String(cause)}`,
      { cause },
    );
  }
}
