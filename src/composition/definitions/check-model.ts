import { type Log, SetupError } from '../../../domain/common/index.ts';
import {
  findStep,
  isExpression,
  type ProcessDefinition,
  topicOf,
} from '../../../domain/steps/index.ts';
import {
  type ExternalTopic,
  readModelTasks,
} from '../../../infrastructure/embedded-engine/read-topics.ts';

interface CheckedModel {
  /** The other executable processes of the file. */
  siblings: string[];
  /** Tasks whose topic is known only when they are created, so it cannot be checked before. */
  unchecked: ExternalTopic[];
}

/**
 * Checks that a BPMN file and the steps of its process match: every topic needs a step, every step a topic or a user
 * task, and the process an end. Otherwise processes would wait forever.
 *
 * @throws SetupError with one line that names the process, and the task, topic or step with the error
 */
export async function checkModel(
  definition: ProcessDefinition,
  fileName: string,
  bpmn: Uint8Array,
): Promise<CheckedModel> {
  const { key, steps, elsewhere = [] } = definition;
  const { processIds, topics, userTasks } = await readModelTasks(bpmn).catch((cause: unknown) => {
    throw new SetupError(`${fileName} cannot be read: ${oneLine(cause)}`, { cause });
  });
  if (processIds.length === 0) throw new SetupError(`${fileName} has no executable process`);
  if (!processIds.includes(key)) {
    const other = processIds.find((id) => id.normalize() === key.normalize());
    if (other !== undefined) {
      throw new SetupError(
        `${fileName} describes the process ${other}, which has another Unicode form than the key ${key} in its index; copy the id from the file into the key`,
      );
    }
    throw new SetupError(
      `${fileName} describes the process ${processIds.join(', ')}, its folder is ${key}`,
    );
  }
  if (elsewhere.length === 0 && !steps.some(({ ends }) => ends)) {
    throw new SetupError(
      `no step of the process ${key} ends it: give the last one ends: 'ok', or name in elsewhere the topics of other workers, who end it by POST /api/process/complete`,
    );
  }
  checkUserTasks(definition, fileName, userTasks);
  const unchecked = topics.filter(({ topic }) => isExpression(topic));
  const checked = topics.filter((task) => !unchecked.includes(task));
  checkTasks(definition, fileName, checked);
  if (unchecked.length === 0) checkSteps(definition, fileName, checked);
  return { siblings: processIds.filter((id) => id !== key), unchecked };
}

/** Every user task that the process defines must exist; one that it does not define takes any variables. */
function checkUserTasks(
  { key, userTasks = [] }: ProcessDefinition,
  fileName: string,
  ids: readonly string[],
): void {
  const missing = userTasks.find(({ id }) => !ids.includes(id));
  if (!missing) return;
  const known = ids.length > 0 ? ids.join(', ') : 'it has no user task';
  throw new SetupError(
    `${fileName}: there is no user task "${missing.id}", which the process ${key} defines (in the file: ${known})`,
  );
}

/** Every task needs a step, or a worker elsewhere. */
function checkTasks(
  definition: ProcessDefinition,
  fileName: string,
  tasks: readonly ExternalTopic[],
): void {
  const { key, steps, elsewhere = [] } = definition;
  for (const { topic, activityId } of tasks) {
    if (elsewhere.includes(topic)) continue;
    if (findStep([definition], { processKey: key, topic, activityId })) continue;
    const known = [...new Set(steps.map((step) => topicOf(key, step)))].join(', ');
    throw new SetupError(
      `${fileName}: the task "${activityId}" has the topic "${topic}", but the process ${key} has no step for it (steps: ${known})`,
    );
  }
}

/** Every step needs a task, and every task that it names must exist. */
function checkSteps(
  definition: ProcessDefinition,
  fileName: string,
  tasks: readonly ExternalTopic[],
): void {
  const { key, steps, elsewhere = [] } = definition;
  for (const step of steps) {
    const topic = topicOf(key, step);
    const own = tasks
      .filter((task) => task.topic === topic)
      .filter(
        ({ activityId }) => findStep([definition], { processKey: key, topic, activityId }) === step,
      )
      .map(({ activityId }) => activityId);
    if (own.length === 0 && !step.tasks) {
      throw new SetupError(
        `${fileName}: no task has the topic "${topic}", which the step "${step.name}" of the process ${key} waits for`,
      );
    }
    const missing = step.tasks?.find((id) => !own.includes(id));
    if (missing !== undefined) {
      throw new SetupError(
        `${fileName}: no task "${missing}" has the topic "${topic}", as the step "${step.name}" of the process ${key} says`,
      );
    }
    if (elsewhere.includes(topic)) {
      throw new SetupError(
        `the process ${key} has the step "${step.name}" for the topic "${topic}", which it also names in elsewhere`,
      );
    }
  }
  const unused = elsewhere.find((topic) => !tasks.some((task) => task.topic === topic));
  if (unused !== undefined) {
    throw new SetupError(
      `${fileName}: no task has the topic "${unused}", which the process ${key} names in elsewhere`,
    );
  }
}

/** The message of an error in one line, like everything that stops the start. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, ' ');
}

/** Logs which tasks have an expression as their topic, which only the engine can evaluate. */
export function warnOfUncheckedTopics(
  processes: readonly { fileName: string; unchecked: readonly ExternalTopic[] }[],
  log: Pick<Log, 'warn'>,
): void {
  for (const { fileName, unchecked } of processes) {
    if (unchecked.length === 0) continue;
    log.warn(
      { fileName, tasks: unchecked },
      'topics by expression: not checked whether they have steps',
    );
  }
}
