// npm run build: plain JavaScript in dist (or in the folder given), for `node dist/src/bin.js` and the image.
// Types are not looked at: `npm run check` does that.
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './install.mjs';

const { compile, SHIPPED, sourcesIn } = await import('./compile.mjs');

const [out = join(root, 'dist'), ...more] = process.argv.slice(2);

rmSync(resolve(out), { recursive: true, force: true });
await compile(root, sourcesIn(root, [...SHIPPED, ...more]), resolve(out), { write: true });
// What the compiler leaves behind: the BPMN files beside the steps.
cpSync(join(root, 'domain', 'processes'), join(resolve(out), 'domain', 'processes'), {
  recursive: true,
  filter: (source) => !source.endsWith('.ts'),
});
chmodSync(join(resolve(out), 'src', 'bin.js'), 0o755);
