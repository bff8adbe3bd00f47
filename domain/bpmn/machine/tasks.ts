import type { Expression } from '../expressions/expression.ts';
import { toText } from '../expressions/results.ts';
import type { Behavior, UserTaskDefinition } from '../program/program.ts';
import { dueDate } from '../program/timers.ts';
import type { UserTaskFields } from './effects.ts';
import { elementOf, type Run, StepError } from './run.ts';
import type { Node } from './state.ts';
import { evaluate } from './variables.ts';

/** Opens an external task. */
export function openExternalTask(
  run: Run,
  node: Node,
  { topic, priority }: Behavior & { kind: 'external-task' },
): void {
  const name = toText(evaluate(run, node, topic));
  run.effects.push({
    kind: 'task-opened',
    node: node.id,
    topic: name ?? '',
    priority: priority ? wholeNumber(run, node, priority) : 0,
  });
}

function wholeNumber(run: Run, node: Node, expression: Expression): number {
  const result = evaluate(run, node, expression);
  const value = 'items' in result ? null : result.value;
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (value !== null && Number.isInteger(number)) return number;
  throw new StepError(
    `Priority value '${expression.text}' of the element '${elementOf(run, node).id}' is no whole number`,
  );
}

/** Opens a user task with what its expressions say now. */
export function openUserTask(run: Run, node: Node, task: UserTaskDefinition): void {
  run.effects.push({ kind: 'user-task-opened', node: node.id, task: fieldsOf(run, node, task) });
}

function fieldsOf(run: Run, node: Node, task: UserTaskDefinition): UserTaskFields {
  const text = (expression: Expression | null): string | null =>
    expression && toText(evaluate(run, node, expression));
  const date = (expression: Expression | null): number | null => {
    if (!expression) return null;
    const result = evaluate(run, node, expression);
    const isNothing = !('items' in result) && (result.value === null || result.value === '');
    return isNothing ? null : timeOf(result, expression, run.context.now);
  };
  return {
    name: text(task.name),
    description: text(task.description),
    assignee: text(task.assignee),
    candidateUsers: task.candidateUsers.flatMap((one) => names(run, node, one)),
    candidateGroups: task.candidateGroups.flatMap((one) => names(run, node, one)),
    due: date(task.dueDate),
    followUp: date(task.followUpDate),
    priority: task.priority ? wholeNumber(run, node, task.priority) : 50,
    formKey: text(task.formKey),
  };
}

/** One name, names between commas, or a list of names. */
function names(run: Run, node: Node, expression: Expression): string[] {
  const result = evaluate(run, node, expression);
  if ('items' in result) return result.items.map(({ value }) => String(value));
  return (toText(result) ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** A date, or a period from now. */
function timeOf(result: ReturnType<typeof evaluate>, { text }: Expression, now: number): number {
  const isPeriod = !('items' in result) && /^\s*P/.test(String(result.value));
  try {
    return dueDate(isPeriod ? 'duration' : 'date', result, now).due;
  } catch (error) {
    throw new StepError(
      `The date ${text} of a user task cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}
