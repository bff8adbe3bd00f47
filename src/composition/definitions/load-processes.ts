import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { foldName, SetupError } from '../../../domain/common/index.ts';
import type { TaskRef } from '../../../domain/engine/index.ts';
import { reservedAmong } from '../../../domain/process/index.ts';
import {
  DEFAULT_RETRY,
  findStep,
  keysOf,
  type ProcessDefinition,
  topicOf,
} from '../../../domain/steps/index.ts';
import type { ExternalTopic } from '../../../infrastructure/embedded-engine/read-topics.ts';
import { checkModel, oneLine } from './check-model.ts';
import { importProcess } from './import-process.ts';

export interface LoadedProcess {
  definition: ProcessDefinition;
  /** Name and bytes of the BPMN file, which may be in any encoding that XML has. */
  fileName: string;
  bpmn: Uint8Array;
  /** Tasks whose topic is an expression: their step is known only when a task is created. */
  unchecked: readonly ExternalTopic[];
}

/** The shipped process definitions. */
export const SHIPPED = fileURLToPath(new URL('../../../domain/processes', import.meta.url));

/**
 * Loads every process folder: `<key>/index` and `<key>/<key>.bpmn`. A folder whose parts do not match stops the start.
 *
 * @throws SetupError with one line that names the folder, topic or step with the error
 */
export async function loadProcesses(directory: string = SHIPPED): Promise<LoadedProcess[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new SetupError(`PROCESSES_DIR: the folder ${directory} cannot be read`, { cause });
  });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => !name.startsWith('.') && name !== 'node_modules');
  if (folders.length === 0) {
    throw new SetupError(`PROCESSES_DIR: there is no process folder in ${directory}`);
  }
  const loaded = await Promise.all(
    folders.sort().map((key) => loadProcess(join(directory, key), key)),
  );
  rejectDuplicates(loaded);
  rejectTopicsOfTwo(loaded);
  return loaded;
}

/**
 * Refuses two processes with the same id, or with ids that differ only in case or Unicode form: people, file systems
 * and the databases of engines may treat those as the same.
 */
function rejectDuplicates(loaded: readonly LoadedProcess[]): void {
  const seen = new Map<string, string>();
  for (const { definition, fileName } of loaded) {
    for (const id of keysOf(definition)) {
      const known = seen.get(foldName(id));
      if (known !== undefined) {
        const what =
          known === id
            ? `the process ${id} a second time`
            : `the process ${id}, and another file ${known}: they differ in ${differenceOf(id, known)} only`;
        throw new SetupError(`PROCESSES_DIR: ${fileName} has ${what}`);
      }
      seen.set(foldName(id), id);
    }
  }
}

/** The engines hand out tasks by topic: a worker here would take those of a worker elsewhere. */
function rejectTopicsOfTwo(loaded: readonly LoadedProcess[]): void {
  const steps = stepsOf(loaded).map(({ definition: { key }, step }) => ({
    topic: topicOf(key, step),
    name: `"${step.name}" of the process ${key}`,
    elsewhere: step.elsewhere === true,
  }));
  for (const here of steps.filter(({ elsewhere }) => !elsewhere)) {
    const other = steps.find((one) => one.elsewhere && one.topic === here.topic);
    if (!other) continue;
    throw new SetupError(
      `PROCESSES_DIR: the topic "${here.topic}" is of the step ${here.name}, and of the step ${other.name}, which is done elsewhere; give one of them a topic of its own`,
    );
  }
}

function differenceOf(id: string, other: string): string {
  return id.normalize() === other.normalize()
    ? 'how Unicode composes their letters (NFC, NFD)'
    : 'upper and lower case';
}

/** The attempts of the step of a task; the default for a task without a step here. */
export function attemptsOf(processes: readonly LoadedProcess[]): (task: TaskRef) => number {
  const definitions = processes.map(({ definition }) => definition);
  return (task) => findStep(definitions, task)?.retry?.attempts ?? DEFAULT_RETRY.attempts;
}

/**
 * The settings of a process, from environment variables; an empty one counts as not set.
 *
 * @throws SetupError naming the variable
 */
export function readSettings(
  { key, settings }: ProcessDefinition,
  env: Record<string, string | undefined>,
): unknown {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new SetupError(`${problems.join('; ')} (setting of the process ${key})`);
}

/** All steps, without the settings of their processes, which only handlers read. */
export function stepsOf(processes: readonly LoadedProcess[]) {
  return processes.flatMap(({ definition }) =>
    definition.steps.map((step) => ({ definition, step, settings: undefined })),
  );
}

/** The settings of every process; PUBLIC_URL is by default the address that the service listens on. */
export function readAllSettings(
  processes: readonly LoadedProcess[],
  env: Record<string, string | undefined>,
  address: string | number,
) {
  const own = typeof address === 'string' ? address : `http://127.0.0.1:${address}`;
  const all = { ...env, PUBLIC_URL: env.PUBLIC_URL || own };
  return processes.flatMap(({ definition }) => {
    const settings = readSettings(definition, all);
    return definition.steps.map((step) => ({ definition, step, settings }));
  });
}

async function loadProcess(folder: string, name: string): Promise<LoadedProcess> {
  const definition = await importDefinition(folder, name);
  const { key } = definition;
  // File systems change how letters are composed: https://unicode.org/reports/tr15/
  if (key.normalize() !== name.normalize()) {
    throw new SetupError(`the process in ${folder} has the key ${key}, not ${name}`);
  }
  const [reserved] = reservedAmong(Object.keys(definition.input?.shape ?? {}));
  if (reserved !== undefined) {
    throw new SetupError(
      `the input of the process ${key} names the variable "${reserved}", which the service sets itself; take another name`,
    );
  }
  for (const { id, output } of definition.userTasks ?? []) {
    const [name] = reservedAmong(Object.keys(output.shape));
    if (name === undefined) continue;
    throw new SetupError(
      `the user task "${id}" of the process ${key} sets the variable "${name}", which the service sets itself; take another name`,
    );
  }
  for (const step of definition.steps) {
    const [name] = step.elsewhere ? reservedAmong(Object.keys(step.output.shape)) : [];
    if (name === undefined) continue;
    throw new SetupError(
      `the step "${step.name}" of the process ${key} sets the variable "${name}", which the service sets itself; take another name`,
    );
  }
  const fileName = `${key}.bpmn`;
  const files = await readdir(folder);
  const found = files.find((file) => file.normalize() === fileName.normalize()) ?? fileName;
  const bpmn = await readFile(join(folder, found)).catch((cause: unknown) => {
    throw new SetupError(`the process ${key} has no file ${join(folder, fileName)}`, { cause });
  });
  const { siblings, unchecked } = await checkModel(definition, fileName, bpmn);
  return { definition: { ...definition, siblings }, fileName, bpmn, unchecked };
}

async function importDefinition(folder: string, key: string): Promise<ProcessDefinition> {
  for (const name of ['index.ts', 'index.js', 'index.mjs']) {
    const file = join(folder, name);
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (!exists) continue;
    const definition = await importDefault(file);
    if (!definition?.steps) {
      throw new SetupError(`${file} does not export a defineProcess(…) as its default`);
    }
    return definition as ProcessDefinition;
  }
  throw new SetupError(`the process ${key} has no index.ts in ${folder}`);
}

/** An error in a process becomes one line, like everything that stops the start. */
async function importDefault(file: string): Promise<Partial<ProcessDefinition> | undefined> {
  try {
    return (await importProcess(file)).default as Partial<ProcessDefinition> | undefined;
  } catch (cause) {
    throw new SetupError(`${file} cannot be loaded: ${oneLine(cause)}`, { cause });
  }
}
