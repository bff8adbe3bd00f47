import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endWithUs, until } from './children.ts';
import { type Folder, settingsFor, TEST_PROCESSES } from './service.ts';
import { type Api, createApi } from './service-api.ts';

/** The path of the built JavaScript of a source file, for instance of `src/bin.ts`. */
export async function builtFile(source: string): Promise<string> {
  const { default: folder } = await import('virtual:built');
  return join(folder, source.replace(/\.ts$/, '.js'));
}

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

/** Runs a command on a terminal that `script` provides; both outputs go to it. */
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
  const result: CommandRun = { code: null, out: '', err: '' };
  child.stdout.on('data', (data) => {
    result.out += String(data);
  });
  child.stderr.on('data', (data) => {
    result.err += String(data);
  });
  [result.code] = (await once(child, 'close')) as [number | null];
  return result;
}

export interface ServiceProcess {
  url: string;
  api: Api;
  pid: number;
  /** Everything that it has printed. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Runs `fastify-camunda serve` as a process of its own, which a test may kill. */
export function startServiceProcess(
  folder: Folder,
  more: Record<string, string> = {},
): Promise<ServiceProcess> {
  return startCommand(['serve'], settingsFor(folder, more), /"url":"([^"]+)".*"msg":"ready"/);
}

/**
 * Runs a command of the service and waits for a line that matches `ready`, whose group is the URL.
 *
 * @param bin the program; by default the one that the tests built
 */
export async function startCommand(
  args: readonly string[],
  env: Record<string, string>,
  ready: RegExp,
  bin?: string,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [bin ?? (await builtFile('src/bin.ts')), ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithUs(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const output = (): string => lines.join('\n');
  let exited = false;
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      exited = true;
      resolve(code ?? signal ?? 1);
    });
  });
  const url = await until(() => {
    if (exited) throw new Error(`the service did not start:\n${output()}`);
    return lines.map((line) => ready.exec(line)?.[1]).find(Boolean);
  }, 'the service is ready');
  return {
    url,
    api: await createApi(url, {}, documentKeyOf(env)),
    pid: child.pid ?? 0,
    output,
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

/**
 * Routes depend on the roles, and schemas on the processes. To make its document takes a new process a tenth of the time of
 * its start.
 */
function documentKeyOf({ PROCESSES_DIR, ROLES = '' }: Record<string, string>): string | undefined {
  return PROCESSES_DIR === TEST_PROCESSES ? ROLES : undefined;
}

/** A process that works on a database until a test kills it. */
export interface Killable {
  /** Its standard output so far. */
  output(): string;
  /**
   * Lets it work to its end, or to its nth report, where it waits to be killed. Reports are counted instead of time, so
   * that the kill hits the process during its work on any machine.
   */
  begin(holdAt?: number): void;
  /** Waits until it has reported so often, or has finished. */
  reported(times: number): Promise<void>;
  isDone(): boolean;
  /** Kills it with -9. */
  kill(): Promise<void>;
}

/** Starts a script of `programs/`, which prints `ready` and then waits for `begin`. */
export async function startKillable(script: string, ...args: string[]): Promise<Killable> {
  const program = await builtFile(`test/support/programs/${script}`);
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithUs(child);
  let output = '';
  let onOutput: () => void = () => {};
  child.stdout.on('data', (chunk) => {
    output += chunk;
    onOutput();
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => output.includes('ready'), `${script} is up`);
  const isDone = (): boolean => /\bdone\b/.test(output);
  const reports = (): number => output.match(/^report /gm)?.length ?? 0;
  return {
    output: () => output,
    begin: (holdAt) => void child.stdin.write(`go ${holdAt ?? ''}\n`),
    async reported(times) {
      const has = (): boolean => reports() >= times || isDone();
      // Without polling: the kill must hit the process during its next transaction.
      await new Promise<void>((resolve, reject) => {
        onOutput = () => has() && resolve();
        onOutput();
        void ended.then(() => (has() ? resolve() : reject(new Error(`${script} has ended`))));
      });
    },
    isDone,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
