import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEFINE = fileURLToPath(new URL('../../domain/steps/define-process.ts', import.meta.url));

/** A step that gives back which step of which process it is, and the task's topic. */
export interface MarkedStep {
  name: string;
  topic?: string;
  tasks?: readonly string[];
  ends?: 'ok';
  /** Name of the variable that it sets. */
  sets: string;
  /** Names of the variables that it reads and gives back. */
  reads?: readonly string[];
}

/** Writes a process into a folder for PROCESSES_DIR: its model, and steps that set one variable each. */
export function writeProcess(
  directory: string,
  key: string,
  model: string | Uint8Array,
  steps: readonly MarkedStep[],
): void {
  mkdirSync(join(directory, key), { recursive: true });
  writeFileSync(join(directory, key, `${key}.bpmn`), model);
  writeFileSync(
    join(directory, key, 'index.ts'),
    `import { z } from ${JSON.stringify(import.meta.resolve('zod'))};
import { defineProcess } from ${JSON.stringify(DEFINE)};

const steps = ${JSON.stringify(steps)};
export default defineProcess({
  key: ${JSON.stringify(key)},
  title: 'A process of a test',
  input: z.looseObject({}),
  settings: z.object({}),
  identifiers: () => ({}),
  example: {},
  steps: (step) =>
    steps.map(({ sets, reads = [], ...rest }, at) =>
      step({
        ...rest,
        number: at + 1,
        input: z.object(Object.fromEntries(reads.map((name) => [name, z.string()]))),
        output: z.looseObject({}),
        successText: 'done',
        errorText: 'not done',
        retry: { attempts: 2, backoff: 1 },
        handle: (given, { processKey }) => ({ ...given, [sets]: \`\${processKey}/\${rest.name}\` }),
      }),
    ),
});
`,
  );
}
