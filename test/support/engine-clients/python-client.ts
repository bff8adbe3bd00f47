import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithUs, runProgram } from '../children.ts';
import { installPackages } from '../python.ts';
import { type ClientEngine, linesByScenario } from './client-engine.ts';

const here = fileURLToPath(new URL('./python', import.meta.url));
const CACHE = fileURLToPath(
  new URL('../../../node_modules/.cache/engine-clients', import.meta.url),
);

/** Packages with the client: Camunda's community has one, and Operaton's a copy of it. */
export const PYTHON_PACKAGES = ['camunda', 'operaton'] as const;

/** The program with a client of external tasks for Python. */
export async function installPythonClients() {
  const libraries = await installPackages(join(here, 'requirements.txt'), CACHE);
  return {
    /** Starts a program. */
    start(file: string, env: Record<string, string>): ChildProcess {
      const child = spawn('python3', [file], {
        env: { ...process.env, PYTHONPATH: libraries, PYTHONDONTWRITEBYTECODE: '1', ...env },
        stdio: 'ignore',
      });
      endWithUs(child);
      return child;
    },
    /** Runs scenarios with the client of a package. @returns the lines of each, by its name */
    async run(
      engine: ClientEngine,
      clientPackage: (typeof PYTHON_PACKAGES)[number],
      scenarios: readonly string[],
    ): Promise<Map<string, string[]>> {
      const { url, prefix, key } = engine;
      const output = await runProgram(
        'python3',
        [join(here, 'program.py'), url, prefix, ...scenarios],
        {
          CLIENT_PACKAGE: clientPackage,
          ENGINE_KEY: key,
          PYTHONPATH: libraries,
          PYTHONDONTWRITEBYTECODE: '1',
          PYTHONIOENCODING: 'utf-8',
        },
      );
      return linesByScenario(output);
    },
  };
}
