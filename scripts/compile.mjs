// Compiles TypeScript to the JavaScript that node runs, file by file, for `npm run build` and `npm run cli`.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What is shipped; the tests make their own programs, too. */
export const SHIPPED = ['src', 'domain', 'infrastructure', 'jobs', 'migrations'];

/** Has a build of its own, for browsers. */
const CONSOLE = join('src', 'console', '/');

/** The TypeScript files in these folders, seen from `root`. */
export function sourcesIn(root, folders) {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => join(folder, name))
      .filter((source) => !source.startsWith(CONSOLE)),
  );
}

/** In the same folders: an import still names its file, with the new ending. */
const keepImports = {
  name: 'keep-imports',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === 'entry-point'
        ? undefined
        : { path: path.replace(/^(\..*)\.ts$/, '$1.js'), external: true },
    );
  },
};

/** Compiles `sources` for the folder `out`; types are not looked at. */
export async function compile(root, sources, out, { write }) {
  const { build } = await import('esbuild');
  const { outputFiles = [] } = await build({
    absWorkingDir: root,
    entryPoints: sources,
    outbase: '.',
    outdir: out,
    bundle: true,
    plugins: [keepImports],
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: true,
    sourcesContent: false,
    write,
  });
  return outputFiles;
}
