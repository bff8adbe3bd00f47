import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endWithUs } from './children.ts';

const BIN = fileURLToPath(new URL('../../src/bin.mjs', import.meta.url));

export interface CommandRun {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a command of the service to its end, in a process of its own. */
export async function runCommand(
  args: readonly string[],
  env: Record<string, string>,
): Promise<CommandRun> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithUs(child);
  const run: CommandRun = { code: null, out: '', err: '' };
  child.stdout.on('data', (data) => {
    run.out += String(data);
  });
  child.stderr.on('data', (data) => {
    run.err += String(data);
  });
  [run.code] = (await once(child, 'close')) as [number | null];
  return run;
}
