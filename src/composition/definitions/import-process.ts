import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleProcess } from './bundle-process.ts';

/**
 * Imports the code of a process from any folder; see `bundleProcess`. Stacks of its errors name its own files and
 * lines.
 *
 * @throws Error when it is not valid code, or throws
 */
export async function importProcess(file: string): Promise<{ default?: unknown }> {
  process.setSourceMapsEnabled(true);
  const folder = await mkdtemp(join(tmpdir(), 'fastify-camunda-')).catch(() => undefined);
  const module = join(folder ?? tmpdir(), 'process.mjs');
  const text = await bundleProcess(file, module);
  // In a read-only container, stacks name the first file and the lines of the bundle.
  if (folder === undefined) {
    const named = `${text}\n//# sourceURL=${pathToFileURL(file).href}`;
    return import(`data:text/javascript,${encodeURIComponent(named)}`);
  }
  try {
    await writeFile(module, text);
    return await import(pathToFileURL(module).href);
  } finally {
    // Node has read the module and its source map.
    await rm(folder, { recursive: true, force: true });
  }
}
