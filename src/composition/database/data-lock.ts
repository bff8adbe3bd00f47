import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../../domain/common/index.ts';
import { isBusy, type LockMode, lockFile } from '../../../infrastructure/sqlite/file-lock.ts';
import { makeFolder } from '../../../infrastructure/sqlite/make-folder.ts';
import type { Config } from '../../config.ts';

/** How long to wait for another service that is trying the lock at the same moment. */
const LOCK_TIMEOUT_MS = 250;

/**
 * How a service instance locks the data folder. The embedded queue and engine belong to one process; a second one
 * would do their work twice. With both outside, any number of processes can share the SQLite file.
 *
 * @returns null when nothing is stored in the folder
 */
export function dataLockMode(
  config: Pick<Config, 'DATABASE_URL' | 'REDIS_URL' | 'CAMUNDA_BASE_URL'>,
): LockMode | null {
  if (config.CAMUNDA_BASE_URL === '') return 'exclusive';
  if (config.DATABASE_URL !== '') return null;
  return config.REDIS_URL === '' ? 'exclusive' : 'shared';
}

/**
 * Creates the data folder and its parents unless they exist.
 *
 * @throws SetupError when it cannot be created, is not a folder, or cannot be written
 */
export function makeDataDir(directory: string): void {
  try {
    makeFolder(directory);
    accessSync(directory, constants.W_OK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(
      `DATA_DIR: ${directory} cannot be created or written: ${reason}; choose a folder that the service can write`,
      { cause },
    );
  }
}

/**
 * Locks the data folder, so that no second service works on the same data.
 *
 * @returns a function that releases the lock
 * @throws SetupError when another service runs on the folder, or it cannot be written
 */
export function lockDataDir(directory: string, mode: LockMode): () => void {
  makeDataDir(directory);
  try {
    return lockFile(join(directory, 'service.lock'), mode, LOCK_TIMEOUT_MS);
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
