// npm run build: plain JavaScript in dist (or in the folder given), for `node dist/src/bin.js` and the image.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './install.mjs';

const out = resolve(process.argv[2] ?? join(root, 'dist'));
rmSync(out, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--outDir', out],
  { cwd: root, stdio: 'inherit' },
);
if (status !== 0) process.exit(1);
// What the compiler leaves behind: the BPMN files beside the steps.
cpSync(join(root, 'domain', 'processes'), join(out, 'domain', 'processes'), {
  recursive: true,
  filter: (source) => !source.endsWith('.ts'),
});
chmodSync(join(out, 'src', 'bin.js'), 0o755);
