import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DEFAULT_RETRY, type ProcessDefinition, topicOf } from '../domain/define-process.ts';
import { SetupError } from '../domain/errors.ts';
import { readExternalTopics } from '../infrastructure/engine/read-topics.ts';

export interface LoadedProcess {
  definition: ProcessDefinition;
  /** Name and text of the BPMN file. */
  fileName: string;
  bpmn: string;
}

/** The processes that come with the service. */
export const SHIPPED = fileURLToPath(new URL('../domain/processes', import.meta.url));

/**
 * Loads every process folder: `<key>/index` and `<key>/<key>.bpmn`. A folder that does not fit together
 * stops the start.
 *
 * @throws SetupError with one line that names the folder, or the topic and the step, at fault
 */
export async function loadProcesses(directory: string = SHIPPED): Promise<LoadedProcess[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new SetupError(`PROCESSES_DIR: the folder ${directory} cannot be read`, { cause });
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  if (folders.length === 0) {
    throw new SetupError(`PROCESSES_DIR: there is no process folder in ${directory}`);
  }
  return Promise.all(folders.sort().map((key) => loadProcess(join(directory, key), key)));
}

/** How many attempts the step behind a topic gets; the default for a topic that is none of ours. */
export function attemptsOf(processes: readonly LoadedProcess[]): (topic: string) => number {
  const attempts = new Map(
    processes.flatMap(({ definition: { key, steps } }) =>
      steps.map((step) => [topicOf(key, step.name), step.retry?.attempts] as const),
    ),
  );
  return (topic) => attempts.get(topic) ?? DEFAULT_RETRY.attempts;
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

/** The settings of every process; PUBLIC_URL is the address listened on unless it is given. */
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

async function loadProcess(folder: string, key: string): Promise<LoadedProcess> {
  const definition = await importDefinition(folder, key);
  if (definition.key !== key) {
    throw new SetupError(`the process in ${folder} has the key ${definition.key}, not ${key}`);
  }
  const fileName = `${key}.bpmn`;
  const bpmn = await readFile(join(folder, fileName), 'utf8').catch((cause: unknown) => {
    throw new SetupError(`the process ${key} has no file ${join(folder, fileName)}`, { cause });
  });
  await checkTopics(definition, fileName, bpmn);
  return { definition, fileName, bpmn };
}

async function importDefinition(folder: string, key: string): Promise<ProcessDefinition> {
  for (const name of ['index.ts', 'index.js', 'index.mjs']) {
    const file = join(folder, name);
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (!exists) continue;
    const module = await importModule(file);
    if (!module.default?.steps) {
      throw new SetupError(`${file} does not export a defineProcess(…) as its default`);
    }
    return module.default;
  }
  throw new SetupError(`the process ${key} has no index.ts in ${folder}`);
}

/** What is wrong in a process is told in one line, as everything that stops the start. */
async function importModule(file: string): Promise<{ default?: ProcessDefinition }> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (cause) {
    throw new SetupError(`${file} cannot be loaded: ${oneLine(cause)}`, { cause });
  }
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, ' ');
}

/** Every topic needs its step and every step its topic: neither would ever be noticed otherwise. */
async function checkTopics(
  { key, steps }: ProcessDefinition,
  fileName: string,
  bpmn: string,
): Promise<void> {
  const { processId, topics } = await readExternalTopics(bpmn).catch((cause: unknown) => {
    throw new SetupError(`${fileName} cannot be read: ${oneLine(cause)}`, { cause });
  });
  if (processId !== key) {
    throw new SetupError(`${fileName} describes the process ${processId}, its folder is ${key}`);
  }
  const known = new Set(steps.map((step) => topicOf(key, step.name)));
  for (const { topic, activityId } of topics) {
    if (known.has(topic)) continue;
    throw new SetupError(
      `${fileName}: the task "${activityId}" has the topic "${topic}", but the process ${key} has no step for it (steps: ${[...known].join(', ')})`,
    );
  }
  const used = new Set(topics.map(({ topic }) => topic));
  for (const step of steps) {
    const topic = topicOf(key, step.name);
    if (used.has(topic)) continue;
    throw new SetupError(
      `${fileName}: no task has the topic "${topic}", which the step "${step.name}" of the process ${key} waits for`,
    );
  }
}
