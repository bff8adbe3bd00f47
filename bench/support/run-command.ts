import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithUs } from '../../test/support/children.ts';
import type { Run } from './benchmark.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface CommandRun {
  /** From the start of the process to its end, loading included. */
  seconds: number;
  /** The peak memory of the process (resident set). */
  peakMegabytes: number;
  /** The standard output. */
  output: string;
}

/**
 * Runs a command of `fastify-camunda` in a process of its own, to its end.
 *
 * @throws Error with the standard error of the command when it fails
 */
export async function runCommand(
  run: Run,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandRun> {
  const peakFile = join(run.folder(), 'peak');
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', join(ROOT, 'bench/support/report-peak.mjs'), 'src/bin.mjs', ...args],
    {
      cwd: ROOT,
      env: { ...process.env, ...env, BENCH_PEAK_FILE: peakFile },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  endWithUs(child);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const seconds = (performance.now() - began) / 1_000;
  if (code !== 0) {
    throw new Error(`${args.join(' ')} ended with ${signal ?? `exit code ${code}`}: ${errors}`);
  }
  return { seconds, peakMegabytes: Number(readFileSync(peakFile, 'utf8')) / 1e6, output };
}
