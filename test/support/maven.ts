import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a goal of Maven; artefacts with a wrong checksum are refused. */
export async function maven(pom: string, args: readonly string[]): Promise<void> {
  // Maven by itself only warns of a checksum that is wrong or missing.
  await runProgram('mvn', ['-q', '-B', '--strict-checksums', '-f', pom, ...args]);
}

/**
 * Runs a program to its end.
 *
 * @returns what it printed
 * @throws Error with the first lines of what the program says of errors
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const options = { maxBuffer: 16 * 1024 * 1024, env: { ...process.env, ...env } };
    return (await promisify(execFile)(program, args, options)).stdout;
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    const lines = `${stdout}${stderr}`.split('\n').filter((line) => /error/i.test(line));
    throw new Error(`${program} failed: ${lines.slice(0, 3).join(' ') || String(cause)}`, {
      cause,
    });
  }
}
