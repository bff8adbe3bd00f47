import { isNcName } from '../common/index.ts';
import { nameOfUserTask, type UserTaskDefinition } from './define-user-task.ts';
import { isExpression, type NamedStep, topicOf } from './find-step.ts';

/** Longest process id and topic: the columns of the engines are VARCHAR(255). */
const MAX_LENGTH = 255;
/** `<key>.bpmn` is a file name, which has 255 characters at most. */
const MAX_KEY_LENGTH = 250;
/** An XML name without colon of ASCII letters: the columns are VARCHAR. */
const NAME = /^[A-Za-z_][A-Za-z0-9._-]*$/;
const KEY_RULE =
  'must begin with a letter or an underscore, followed by letters, digits, dots, hyphens and underscores';
const NAME_RULE = `${KEY_RULE}, all of ASCII`;

/**
 * Checks the names of a process and its steps.
 *
 * @throws Error that names the process, and the name, number, topic or task at fault
 */
export function checkNames(
  key: string,
  steps: readonly (NamedStep & { number: number })[],
  userTasks: readonly Pick<UserTaskDefinition, 'id' | 'name' | 'number'>[] = [],
): void {
  checkKey(key);
  for (const step of steps) {
    checkName(key, step.name);
    checkTopic(key, topicOf(key, step));
  }
  for (const task of userTasks) checkName(key, nameOfUserTask(task));
  const repeats = {
    name: [...steps.map(({ name }) => name), ...userTasks.map(nameOfUserTask)],
    number: [...steps, ...userTasks].map(({ number }) => number),
    // Steps of one topic are told apart by the tasks that they name.
    topic: steps.filter(({ tasks }) => !tasks).map((step) => topicOf(key, step)),
    task: [...steps.flatMap(({ tasks = [] }) => tasks), ...userTasks.map(({ id }) => id)],
  };
  for (const [what, values] of Object.entries(repeats)) {
    const repeated = (values as (string | number)[]).find(
      (value, at, all) => all.indexOf(value) !== at,
    );
    if (repeated === undefined) continue;
    const advice = what === 'topic' ? '; name the tasks of one of them (tasks: […])' : '';
    throw new Error(`process ${key}: two steps have the ${what} ${repeated}${advice}`);
  }
}

function checkKey(key: string): void {
  const fault = faultOfKey(key);
  if (fault) throw new Error(`process ${key}: the name "${key}" ${fault}`);
}

function faultOfKey(key: string): string | null {
  if (key.length > MAX_KEY_LENGTH) return `must have at most ${MAX_KEY_LENGTH} characters`;
  if (!isNcName(key)) return KEY_RULE;
  // As the database keeps it: see infrastructure/sql/process-name.ts.
  const { length } = encodeURIComponent(key);
  return length > MAX_LENGTH
    ? `is too long: the database keeps letters outside of ASCII as %XX for each byte of UTF-8, which makes ${length} characters, and ${MAX_LENGTH} are the most`
    : null;
}

function checkName(key: string, name: string): void {
  if (NAME.test(name) && name.length <= MAX_LENGTH) return;
  const rule = name.length > MAX_LENGTH ? `must have at most ${MAX_LENGTH} characters` : NAME_RULE;
  throw new Error(`process ${key}: the name "${name}" ${rule}`);
}

function checkTopic(key: string, topic: string): void {
  const fault = faultOf(topic);
  if (fault) throw new Error(`process ${key}: the topic "${topic}" ${fault}`);
}

function faultOf(topic: string): string | null {
  if (topic.trim() === '') return 'must not be empty';
  if (topic.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  return isExpression(topic) ? 'must be what the engine makes of an expression, not one' : null;
}
