import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_PROCESSES } from './service.ts';

/** Milliseconds to wait for one removal. */
const PATIENCE_MS = 20_000;

export interface ProcessCopies {
  /** For PROCESSES_DIR. */
  directory: string;
  /** The key of a process's copy. */
  key(original: string): string;
  /** Removes the copies, and all their instances, from an engine. */
  removeFrom(engineUrl: string): Promise<void>;
}

/**
 * Copies test processes under keys of their own, for an engine that others use at the same time:
 * their workers would take our tasks, and we theirs.
 */
export function copyProcesses(
  folder: string,
  originals: readonly string[],
  from = TEST_PROCESSES,
): ProcessCopies {
  const run = randomUUID().slice(0, 8);
  const directory = join(folder, 'processes');
  const key = (original: string): string => `${original}-t${run}`;
  // A process of its own loads them by the rules of the folder they are in.
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const original of originals) {
    const target = join(directory, key(original));
    mkdirSync(target, { recursive: true });
    const source = join(from, original);
    const bpmn = readFileSync(join(source, `${original}.bpmn`), 'utf8');
    const renamed = bpmn
      .replaceAll(`topic="${original}.`, `topic="${key(original)}.`)
      .replace(`process id="${original}"`, `process id="${key(original)}"`);
    writeFileSync(join(target, `${key(original)}.bpmn`), renamed);
    writeFileSync(
      join(target, 'index.ts'),
      `import original from '${join(source, 'index.ts')}';\nexport default { ...original, key: '${key(original)}' };\n`,
    );
  }
  return {
    directory,
    key,
    async removeFrom(engineUrl) {
      for (const original of originals) {
        const found = await fetch(`${engineUrl}/deployment?name=${key(original)}`);
        // The embedded engine has no such list, and is thrown away whole.
        if (!found.ok) return;
        for (const { id } of (await found.json()) as { id: string }[]) {
          // Hundreds of instances with their history take a busy engine long; it goes on by itself.
          await fetch(`${engineUrl}/deployment/${id}?cascade=true`, {
            method: 'DELETE',
            signal: AbortSignal.timeout(PATIENCE_MS),
          }).catch(() => {});
        }
      }
    },
  };
}
