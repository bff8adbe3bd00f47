// npm run build: plain JavaScript in dist (or in the folder given), for `node dist/src/bin.js` and the image.
// Types are not looked at: `npm run check` does that.
import { chmodSync, cpSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './install.mjs';

const { build } = await import('esbuild');

/** What is shipped; the tests make their own programs, too. */
const SHIPPED = ['src', 'domain', 'infrastructure', 'jobs', 'migrations'];
const [out = join(root, 'dist'), ...more] = process.argv.slice(2);

const sources = [...SHIPPED, ...more].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name)),
);

/** File by file, in the same folders: an import still names its file, with the new ending. */
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

rmSync(resolve(out), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: sources,
  outbase: '.',
  outdir: resolve(out),
  bundle: true,
  plugins: [keepImports],
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
});
// What the compiler leaves behind: the BPMN files beside the steps.
cpSync(join(root, 'domain', 'processes'), join(resolve(out), 'domain', 'processes'), {
  recursive: true,
  filter: (source) => !source.endsWith('.ts'),
});
chmodSync(join(resolve(out), 'src', 'bin.js'), 0o755);
