import { type ChildProcess, execFile, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';

const children = new Set<ChildProcess>();
let listening = false;

/** Kills a child when this process ends, unless this process is killed itself. */
export function endWithUs(child: ChildProcess): void {
  if (!listening) {
    listening = true;
    process.once('exit', () => {
      for (const one of children) one.kill('SIGKILL');
    });
  }
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** Stops a child and waits for its end. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}

export function isOnPath(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** A port that no program listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Waits until `check` returns something other than null, undefined or false; it is called every 20 ms. */
export async function until<T>(
  check: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  what: string,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

let installing: Promise<unknown> = Promise.resolve();

/** Installs a package with apt, where that is possible without a password; apt installs one at a time. */
export function aptInstall(name: string): Promise<unknown> {
  if (!isOnPath('apt-get')) return installing;
  const sudo = process.getuid?.() === 0 ? '' : 'sudo -n ';
  const install = `${sudo}env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends`;
  const script = `${sudo}apt-get update -q && ${install} ${name}`;
  installing = installing.then(() => {
    console.log(`Installing ${name} with apt-get …`);
    return runProgram('sh', ['-c', script]).catch(() => {});
  });
  return installing;
}

/** Runs a goal of Maven; artefacts with a wrong checksum are refused. */
export async function maven(pom: string, args: readonly string[]): Promise<void> {
  // By default Maven only warns of a checksum that is wrong or missing.
  await runProgram('mvn', ['-q', '-B', '--strict-checksums', '-f', pom, ...args]);
}

/**
 * Runs a program to its end.
 *
 * @returns its standard output
 * @throws Error with the first lines of its output that contain "error"
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
