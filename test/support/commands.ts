import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { builtFile } from './built.ts';
import { endWithUs } from './children.ts';

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
  return run(process.execPath, [await builtFile('src/bin.ts'), ...args], env);
}

/** Runs it as somebody at a terminal does, with both outputs on that; `script` makes the terminal. */
export async function runOnTerminal(
  args: readonly string[],
  env: Record<string, string>,
): Promise<CommandRun> {
  const bin = await builtFile('src/bin.ts');
  const line = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ');
  return run('script', ['-qec', line, '/dev/null'], env);
}

async function run(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<CommandRun> {
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithUs(child);
  const came: CommandRun = { code: null, out: '', err: '' };
  child.stdout.on('data', (data) => {
    came.out += String(data);
  });
  child.stderr.on('data', (data) => {
    came.err += String(data);
  });
  [came.code] = (await once(child, 'close')) as [number | null];
  return came;
}
