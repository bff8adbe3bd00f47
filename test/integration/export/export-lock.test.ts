import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/children.ts';
import { startKillable } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

const RUNS = 3;
const TIMES = 300;

it('of many runs that write to one file and remove its lock, never two write at once', async () => {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  const lock = join(path, 'events.partial.lock');
  const takers = await Promise.all(
    Array.from({ length: RUNS }, () => startKillable('lock-taker.ts', lock, String(TIMES))),
  );
  for (const taker of takers) taker.begin();
  for (const taker of takers) {
    await until(() => taker.output().includes('done'), 'it has had the lock');
    expect(taker.output()).toContain(`had ${TIMES} collisions 0 done`);
  }
  expect(existsSync(lock), 'nothing is left of it').toBe(false);
});
