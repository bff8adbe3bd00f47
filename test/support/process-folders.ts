import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './databases.ts';
import { TEST_PROCESSES } from './service.ts';

/** The longest time to wait for the removal of one deployment. */
const REMOVAL_TIMEOUT_MS = 20_000;

export interface ProcessCopies {
  /** The value for PROCESSES_DIR. */
  directory: string;
  /** The key of a process's copy. */
  key(original: string): string;
  /** Removes the copies, and all their instances, from an engine. */
  removeFrom(engineUrl: string): Promise<void>;
}

/**
 * Copies test processes under keys of their own, for an engine that other tests use at the same time: without own keys
 * the workers would take each other's tasks.
 */
export function copyProcesses(
  folder: string,
  originals: readonly string[],
  from = TEST_PROCESSES,
): ProcessCopies {
  const run = randomUUID().slice(0, 8);
  const directory = join(folder, 'processes');
  const key = (original: string): string => `${original}-t${run}`;
  // Node reads the module type of the copies from the folder that they are in.
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const original of originals) {
    const target = join(directory, key(original));
    mkdirSync(target, { recursive: true });
    const source = join(from, original);
    const bpmn = readFileSync(join(source, `${original}.bpmn`), 'utf8');
    const renamed = bpmn
      .replaceAll(`topic="${original}.`, `topic="${key(original)}.`)
      .replace(`process id="${original}"`, `process id="${key(original)}"`);
    writeFileSync(join(target, `${key(original)}.bpmn`), renamed);
    writeFileSync(
      join(target, 'index.ts'),
      `import original from '${join(source, 'index.ts')}';\nexport default { ...original, key: '${key(original)}' };\n`,
    );
  }
  return {
    directory,
    key,
    async removeFrom(engineUrl) {
      for (const original of originals) {
        const found = await fetch(`${engineUrl}/deployment?name=${key(original)}`);
        // The embedded engine has no such list; it is deleted as a whole.
        if (!found.ok) return;
        for (const { id } of (await found.json()) as { id: string }[]) {
          // The removal of hundreds of instances takes a busy engine long; it continues after the timeout.
          await fetch(`${engineUrl}/deployment/${id}?cascade=true`, {
            method: 'DELETE',
            signal: AbortSignal.timeout(REMOVAL_TIMEOUT_MS),
          }).catch(() => {});
        }
      }
    },
  };
}

const ROOT = new URL('../..', import.meta.url);

/**
 * Creates a folder for PROCESSES_DIR with a test process under a key of its own, for an engine that several services
 * share: without own keys they would take each other's tasks.
 */
export function ownProcess(from: string, key: string, own: string) {
  const { path, remove } = temporaryFolder();
  mkdirSync(join(path, own));
  for (const name of readdirSync(join(from, key))) {
    const text = readFileSync(join(from, key, name), 'utf8')
      .replaceAll(key, own)
      .replaceAll("'../../../../", `'${fileURLToPath(ROOT)}`)
      .replaceAll("from 'zod'", `from '${fileURLToPath(import.meta.resolve('zod'))}'`);
    writeFileSync(join(path, own, name.replace(key, own)), text);
  }
  return { path, remove };
}

const DEFINE = fileURLToPath(new URL('../../domain/steps/define-process.ts', import.meta.url));

/** A step that sets a variable to its process key and step name. */
export interface MarkedStep {
  name: string;
  topic?: string;
  tasks?: readonly string[];
  ends?: 'ok';
  /** Name of the variable that it sets. */
  sets: string;
  /** Names of the variables that it reads and returns. */
  reads?: readonly string[];
  /** Every attempt fails. */
  fails?: true;
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
    steps.map(({ sets, reads = [], fails, ...rest }, at) =>
      step({
        ...rest,
        number: at + 1,
        input: z.object(Object.fromEntries(reads.map((name) => [name, z.string()]))),
        output: z.looseObject({}),
        successText: 'done',
        errorText: 'not done',
        retry: { attempts: 2, backoff: 1 },
        handle(given, { processKey }) {
          if (fails) throw new Error('it is broken');
          return { ...given, [sets]: \`\${processKey}/\${rest.name}\` };
        },
      }),
    ),
});
`,
  );
}

const root = new URL('../../', import.meta.url);

/** The only block of this language in a page that has `mark` in it. */
function codeBlock(page: string, language: string, mark: string): string {
  const text = readFileSync(new URL(page, root), 'utf8');
  const blocks = [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, found, body]) => found === language && body?.includes(mark))
    .map(([, , body]) => body ?? '');
  if (blocks.length !== 1) throw new Error(`${page} has ${blocks.length} blocks with ${mark}`);
  return blocks[0] ?? '';
}

/** Writes the two files of the process that the README shows, unchanged. */
export function writeReadmeProcess(directory: string): void {
  const own = join(directory, 'quote-parcel');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'index.ts'), codeBlock('README.md', 'ts', "key: 'quote-parcel'"));
  const bpmn = codeBlock('docs/creating-a-process.md', 'xml', 'id="quote-parcel"');
  writeFileSync(join(own, 'quote-parcel.bpmn'), bpmn);
}

/** Starts the process of the README at a service. */
export async function quoteParcel(
  url: string,
  weight: unknown,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}/api/process/start`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ processKey: 'quote-parcel', variables: { parcelId: 'p-1', weight } }),
  });
  return { status: answer.status, body: await answer.json() };
}
