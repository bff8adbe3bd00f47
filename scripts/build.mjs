// npm run build: plain JavaScript in dist (or in the folder given), for `node dist/src/bin.js` and the image; in dist,
// the web console, too.
// Types are not looked at: `npm run check` does that.
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './install.mjs';

const { compile, SHIPPED, sourcesIn } = await import('./compile.mjs');
const { buildConsole } = await import('./build-console.mjs');

const DIST = join(root, 'dist');
const [out = DIST, ...more] = process.argv.slice(2);

// The console has a build of its own there, which is made again when it is outdated.
for (const name of existsSync(out) ? readdirSync(out) : []) {
  if (name !== 'console') rmSync(join(resolve(out), name), { recursive: true, force: true });
}
await compile(root, sourcesIn(root, [...SHIPPED, ...more]), resolve(out), { write: true });
// What the compiler leaves behind: the BPMN files beside the steps.
cpSync(join(root, 'domain', 'processes'), join(resolve(out), 'domain', 'processes'), {
  recursive: true,
  filter: (source) => !source.endsWith('.ts'),
});
chmodSync(join(resolve(out), 'src', 'bin.js'), 0o755);
if (resolve(out) === DIST) await buildConsole();
