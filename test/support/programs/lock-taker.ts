import { closeSync, openSync, unlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { SetupError } from '../../../domain/common/errors.ts';
import { lockOut } from '../../../infrastructure/files/lock-out.ts';

/**
 * Takes the lock of an export again and again. Prints at the end how often it held the lock, and how often another
 * process held it at the same time: each holder creates a file that can exist only once.
 */
const [path = '', times = '0'] = process.argv.slice(2);
process.stdout.write('ready\n');
createInterface({ input: process.stdin }).once('line', async () => {
  process.stdin.destroy();
  let collisions = 0;
  for (let had = 0; had < Number(times); ) {
    const unlock = tryLock();
    if (unlock) {
      had++;
      if (!(await enterAlone())) collisions++;
      await unlock();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.stdout.write(`had ${times} collisions ${collisions} done\n`);
});

function tryLock(): (() => Promise<void>) | null {
  try {
    return lockOut(path);
  } catch (error) {
    if (error instanceof SetupError && error.message.includes('another run')) return null;
    throw error;
  }
}

async function enterAlone(): Promise<boolean> {
  try {
    closeSync(openSync(`${path}.in`, 'wx'));
  } catch {
    return false;
  }
  await new Promise((resolve) => setImmediate(resolve));
  unlinkSync(`${path}.in`);
  return true;
}
