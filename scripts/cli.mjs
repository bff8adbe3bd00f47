// npm run cli -- <command>: installs what is missing, then runs the command in this process.
import { join } from 'node:path';
import { root } from './install.mjs';

/** These run the process definitions where they lie, and their traces name lines of the sources. */
const FROM_SOURCES = ['serve', 'demo'];

if (FROM_SOURCES.includes(process.argv[2])) {
  await import('../src/bin.mjs');
} else {
  const { compileChanged } = await import('./compile-changed.mjs');
  const compiled = join(root, 'node_modules', '.cache', 'cli');
  await compileChanged(root, compiled);
  await import(join(compiled, 'src', 'bin.js'));
}
