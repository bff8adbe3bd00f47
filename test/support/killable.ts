import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endWithUs, until } from './children.ts';

/** A process of its own that works on a database until it is killed. */
export interface Killable {
  /** What it has written to its standard output. */
  said(): string;
  begin(): void;
  /** Kills it with -9 after a random time of so many milliseconds at most. */
  killWithin(ms: number): Promise<void>;
}

/** Starts a script of this folder, which says `ready` when it is up and then waits for its word to begin. */
export async function startKillable(script: string, ...args: string[]): Promise<Killable> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithUs(child);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => said.includes('ready'), `${script} is up`, 60_000);
  return {
    said: () => said,
    begin: () => void child.stdin.write('go\n'),
    async killWithin(ms) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * ms));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
