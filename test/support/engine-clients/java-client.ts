import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithUs, runProgram, until } from '../children.ts';
import { compileJava } from '../java.ts';
import { type ClientEngine, linesByScenario } from './client-engine.ts';

const here = fileURLToPath(new URL('./java', import.meta.url));
const CACHE = fileURLToPath(
  new URL('../../../node_modules/.cache/engine-clients', import.meta.url),
);
const OPTIONS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dfile.encoding=UTF-8'];

/** The program with Camunda's client of external tasks for Java. */
export type JavaClient = Awaited<ReturnType<typeof compileJavaClient>>;

export async function compileJavaClient() {
  const sources = readdirSync(here).filter((name) => name.endsWith('.java'));
  const classPath = await compileJava({
    pom: join(here, 'pom.xml'),
    sources: sources.map((name) => join(here, name)),
    cache: CACHE,
    name: 'java',
  });
  const argsFor = ({ url, prefix }: ClientEngine) => [
    ...[...OPTIONS, '-cp', classPath],
    ...['clients.Main', url, prefix],
  ];
  const envFor = ({ authorization, key }: ClientEngine) => ({
    ENGINE_AUTHORIZATION: authorization,
    ENGINE_KEY: key,
  });
  return {
    /** Compiles another program with the client, given its file. @throws Error with what is wrong in it */
    async compile(file: string): Promise<void> {
      await runProgram('javac', ['-cp', classPath, '-d', dirname(file), file]);
    },
    /** Starts a program that was compiled with `compile`. @param folder that of its file */
    start(folder: string, name: string, env: Record<string, string>): ChildProcess {
      const child = spawn('java', [...OPTIONS, '-cp', `${folder}:${classPath}`, name], {
        env: { ...process.env, ...env },
        stdio: 'ignore',
      });
      endWithUs(child);
      return child;
    },
    /** Runs scenarios. @returns the lines of each, by its name */
    async run(engine: ClientEngine, scenarios: readonly string[]): Promise<Map<string, string[]>> {
      const output = await runProgram('java', [...argsFor(engine), ...scenarios], envFor(engine));
      return linesByScenario(output);
    },
    /** Starts a worker that takes a task, and kills it with -9 while it holds the lock. */
    async killHolder(engine: ClientEngine): Promise<void> {
      const child = spawn('java', [...argsFor(engine), 'hold'], {
        env: { ...process.env, ...envFor(engine) },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      endWithUs(child);
      let output = '';
      child.stdout.on('data', (data) => {
        output += String(data);
      });
      const ended = new Promise((resolve) => child.once('close', resolve));
      await until(() => {
        if (child.exitCode !== null) throw new Error(`the worker ended: ${output}`);
        return output.includes('holding');
      }, 'the worker holds the task');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
