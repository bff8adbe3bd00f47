import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { builtFile } from './built.ts';
import { endWithUs, until } from './children.ts';
import { type Folder, settingsFor } from './service.ts';
import { type Api, createApi } from './service-api.ts';

export interface ServiceProcess {
  url: string;
  api: Api;
  pid: number;
  /** Everything it printed. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Runs `fastify-camunda serve` as a process of its own, which may be killed. */
export function startServiceProcess(
  folder: Folder,
  more: Record<string, string> = {},
): Promise<ServiceProcess> {
  return startCommand(['serve'], settingsFor(folder, more), /"url":"([^"]+)".*"msg":"ready"/);
}

/** Runs a command of the service; it is up when a line matches `ready`, whose group is the URL. */
export async function startCommand(
  args: readonly string[],
  env: Record<string, string>,
  ready: RegExp,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [await builtFile('src/bin.ts'), ...args], {
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
  const url = await until(
    () => {
      if (exited) throw new Error(`the service did not start:\n${output()}`);
      return lines.map((line) => ready.exec(line)?.[1]).find(Boolean);
    },
    'the service is ready',
    60_000,
  );
  return {
    url,
    api: await createApi(url),
    pid: child.pid ?? 0,
    output,
    kill: (signal) => void child.kill(signal),
    ended,
  };
}
