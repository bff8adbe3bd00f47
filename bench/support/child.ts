import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endWithUs } from '../../test/support/children.ts';

/** The functions of a child process that its parent can call; see `answerCalls`. */
export type Calls = Record<string, (params: never) => unknown>;

interface Question {
  id: number;
  name: string;
  params: unknown;
}

type Answer = { id: number; result: unknown } | { id: number; error: string };

export interface Child<Answered extends Calls> {
  call<Name extends keyof Answered & string>(
    name: Name,
    params: Parameters<Answered[Name]>[0],
  ): Promise<Awaited<ReturnType<Answered[Name]>>>;
  /** Ends the child and waits for it. */
  stop(): Promise<void>;
}

/** Lets a child import TypeScript. */
const LOADER = new URL('../../scripts/typescript.mjs', import.meta.url).href;
/** The longest time that a child has to end by itself. */
const STOP_TIMEOUT_MS = 5_000;
/** Set by `--profile`: the folder for the CPU profiles of the children. */
let profileFolder: string | undefined;

export function profileChildrenTo(folder: string): void {
  mkdirSync(folder, { recursive: true });
  profileFolder = folder;
}

/**
 * Starts a program of bench/ in a process of its own, so that it shares no event loop with the measuring program. It
 * ends with this process.
 *
 * @param file relative to bench/
 */
export function startChild<Answered extends Calls>(
  file: string,
  options: { execArgv?: readonly string[]; env?: Record<string, string> } = {},
): Child<Answered> {
  const profiling = profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : [];
  const child = fork(fileURLToPath(new URL(`../${file}`, import.meta.url)), {
    execArgv: ['--import', LOADER, ...profiling, ...(options.execArgv ?? [])],
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  endWithUs(child);
  const open = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  let calls = 0;
  child.on('message', (answer: Answer) => {
    const caller = open.get(answer.id);
    open.delete(answer.id);
    if ('error' in answer) caller?.reject(new Error(`${file}: ${answer.error}`));
    else caller?.resolve(answer.result as never);
  });
  child.once('exit', (code, signal) => {
    const error = new Error(`${file} ended by itself (${signal ?? `exit code ${code}`})`);
    for (const { reject } of open.values()) reject(error);
  });
  return {
    call: (name, params) =>
      new Promise((resolve, reject) => {
        const id = calls++;
        open.set(id, { resolve, reject });
        child.send({ id, name, params } satisfies Question, (error) => error && reject(error));
      }),
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

/** In a child: answers the calls of the parent, and ends when the parent disconnects or is gone. */
export function answerCalls(calls: Calls): void {
  process.on('message', async ({ id, name, params }: Question) => {
    let answer: Answer;
    try {
      const call = calls[name];
      if (!call) throw new Error(`there is no call ${name}`);
      answer = { id, result: await call(params as never) };
    } catch (error) {
      answer = {
        id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
    }
    process.send?.(answer);
  });
  process.once('disconnect', () => process.exit());
  // Ctrl-C goes to the whole process group; the parent decides when a child ends.
  process.on('SIGINT', () => {});
}
