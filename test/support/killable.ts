import { spawn } from 'node:child_process';
import { builtFile } from './built.ts';
import { endWithUs, until } from './children.ts';

/** A process of its own that works on a database until it is killed. */
export interface Killable {
  /** What it has written to its standard output. */
  said(): string;
  /**
   * Lets it work: to its end, or to its nth report, where it stands still until it is killed. Counting reports,
   * not time, is what makes a kill fall into its work on any machine.
   */
  begin(holdAt?: number): void;
  /** Waits until it has reported so often, or has done all there was. */
  reported(times: number): Promise<void>;
  isDone(): boolean;
  /** Kills it with -9. */
  kill(): Promise<void>;
}

/** Starts a script of this folder, which says `ready` when it is up and then waits for its word to begin. */
export async function startKillable(script: string, ...args: string[]): Promise<Killable> {
  const program = await builtFile(`test/support/${script}`);
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithUs(child);
  let said = '';
  let heard: () => void = () => {};
  child.stdout.on('data', (chunk) => {
    said += chunk;
    heard();
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => said.includes('ready'), `${script} is up`, 60_000);
  const isDone = (): boolean => /\bdone\b/.test(said);
  const reports = (): number => said.match(/^report /gm)?.length ?? 0;
  return {
    said: () => said,
    begin: (holdAt) => void child.stdin.write(`go ${holdAt ?? ''}\n`),
    async reported(times) {
      const has = (): boolean => reports() >= times || isDone();
      // At once, for the kill is to come while it does what comes next.
      await new Promise<void>((resolve, reject) => {
        heard = () => has() && resolve();
        heard();
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
