import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './databases.ts';

const ROOT = new URL('../..', import.meta.url);

/**
 * A folder for PROCESSES_DIR with a test process under a key of its own. On an engine that several services
 * share they would take each other's tasks.
 */
export function ownProcess(from: string, key: string, own: string) {
  const { path, remove } = temporaryFolder();
  mkdirSync(join(path, own));
  for (const name of readdirSync(join(from, key))) {
    const text = readFileSync(join(from, key, name), 'utf8')
      .replaceAll(key, own)
      .replaceAll("'../../../../", `'${fileURLToPath(ROOT)}`)
      .replaceAll("from 'zod'", `from '${fileURLToPath(import.meta.resolve('zod'))}'`);
    writeFileSync(join(path, own, name.replace(key, own)), text);
  }
  return { path, remove };
}
