import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOnPath, runProgram } from './children.ts';

/** Names the programs for Python that this machine lacks, as a sentence; null when it has all. */
export function missingForPython(): string | null {
  if (!isOnPath('python3')) return 'there is no python3: install Python 3 with pip';
  const { status } = spawnSync('python3', ['-m', 'pip', '--version']);
  return status === 0 ? null : 'there is no pip: install it for python3';
}

/**
 * Installs the packages of a requirements file into a folder of their own in `cache`: once, and again when the file
 * changes.
 *
 * @returns the folder, for PYTHONPATH
 */
export async function installPackages(requirements: string, cache: string): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const folder = join(cache, `python-libraries-${hash}`);
  const done = join(folder, 'installed');
  if (existsSync(done)) return folder;
  await runProgram('python3', [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--upgrade'],
    ...['--target', folder, '-r', requirements],
  ]);
  writeFileSync(done, '');
  return folder;
}
