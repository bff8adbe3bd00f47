// npm test: installs what is missing, checks style, types and layers, then runs every suite. Paths narrow
// it to some suites: npm test -- test/unit. The last line counts: N passed, N failed, N skipped.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.mjs';

const results = join(root, 'node_modules', '.cache', 'test-results.json');
const suites = process.argv.slice(2);

/** Where memory is a file system, and there is enough of it, databases of tests need not wait for a disk. */
const SHARED_MEMORY = '/dev/shm';
const ENOUGH_BYTES = 8e9;

/** Environment variables, unless the caller has set them. */
function defaults() {
  const isThere = existsSync(SHARED_MEMORY);
  const { bavail = 0, bsize = 0 } = isThere ? statfsSync(SHARED_MEMORY) : {};
  return {
    ...(bavail * bsize > ENOUGH_BYTES ? { TMPDIR: SHARED_MEMORY } : {}),
    // The whole suite needs every server; a part of it starts what it asks for.
    ...(suites.length === 0 ? { TEST_SERVERS: 'all' } : {}),
  };
}

function run(program, args) {
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...defaults(), ...process.env },
    shell: process.platform === 'win32',
  });
  return status === 0;
}

if (suites.length === 0 && !run('npm', ['run', '--silent', 'check'])) process.exit(1);

rmSync(results, { force: true });
const passed = run(join(root, 'node_modules', '.bin', 'vitest'), [
  'run',
  ...suites,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${results}`,
]);
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(results, 'utf8'),
  );
  console.log(
    `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests + numTodoTests} skipped`,
  );
} catch {
  // The set-up failed before any test ran; its reason is above.
  console.log('0 passed, 1 failed');
}
process.exit(passed ? 0 : 1);
