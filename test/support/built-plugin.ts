import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Plugin } from 'vite';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache');
const VIRTUAL = 'virtual:built';

/** What `global-setup.ts` asks of the plugin. */
export interface BuiltApi {
  /** Builds again what was built: the sources have changed. */
  rebuild(): Promise<void>;
  remove(): void;
}

/**
 * Builds the service once for all tests, when the first of them needs it: as JavaScript a process or thread
 * starts in a third of the time. `virtual:built` is the folder; code that starts threads finds itself in it, so
 * that it starts them from there.
 */
export function builtPlugin(): Plugin<BuiltApi> {
  let built: Promise<string> | undefined;
  let folder: string | undefined;
  const builtOnce = (): Promise<string> => {
    built ??= build();
    return built;
  };

  async function build(): Promise<string> {
    // Within the project, where node finds the dependencies.
    mkdirSync(CACHE, { recursive: true });
    folder ??= mkdtempSync(join(CACHE, 'built-'));
    const script = join(ROOT, 'scripts', 'build.mjs');
    await promisify(execFile)(process.execPath, [script, folder, 'test/support']);
    return folder;
  }

  return {
    name: 'built',
    enforce: 'pre',
    api: {
      async rebuild() {
        if (!built) return;
        built = build();
        await built;
      },
      remove() {
        if (folder) rmSync(folder, { recursive: true, force: true });
      },
    },
    resolveId: (id) => (id === VIRTUAL ? `\0${VIRTUAL}` : undefined),
    async load(id) {
      if (id !== `\0${VIRTUAL}`) return undefined;
      return `export default ${JSON.stringify(await builtOnce())};`;
    },
    async transform(code, id) {
      const startsThreads =
        code.includes("from 'node:worker_threads'") && code.includes('new Worker(');
      if (
        !startsThreads ||
        !code.includes('import.meta.url') ||
        id.startsWith(join(ROOT, 'test'))
      ) {
        return undefined;
      }
      const made = join(await builtOnce(), relative(ROOT, id).replace(/\.ts$/, '.js'));
      return code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(made).href));
    },
  };
}
