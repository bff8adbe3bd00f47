import type { Expression } from '../expressions/expression.ts';
import type { UserTaskDefinition } from '../program/program.ts';
import { expressionOf, optionalExpression } from './draft.ts';
import { kindOf, list, type Moddle, one, text } from './moddle.ts';

/**
 * Who may do a user task, and until when.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/bpmn20/tasks/user-task/
 */
export function readUserTask(element: Moddle): UserTaskDefinition {
  const optional = (name: string): Expression | null =>
    optionalExpression(element, text(element, name));
  const resources = list(element.resources);
  const performer = resources.find((resource) => kindOf(resource) === 'HumanPerformer');
  const owners = resources
    .filter((resource) => kindOf(resource) === 'PotentialOwner')
    .map(assignment);
  const names = owners.flatMap(splitNames);
  const of = (wanted: 'user' | 'group'): string[] =>
    names.flatMap((name) => {
      const [, kind = 'group', inner = name] = /^(user|group)\((.*)\)$/.exec(name) ?? [];
      return kind === wanted ? [inner.trim()] : [];
    });
  const candidates = (attribute: string, more: string[]): Expression[] =>
    [...splitNames(text(element, attribute) ?? ''), ...more].map((name) =>
      expressionOf(element, name),
    );
  return {
    name: optionalExpression(element, text(element, 'name')),
    description: optionalExpression(element, documentation(element)),
    assignee:
      optional('assignee') ?? optionalExpression(element, performer ? assignment(performer) : null),
    candidateUsers: candidates('candidateUsers', of('user')),
    candidateGroups: candidates('candidateGroups', of('group')),
    dueDate: optional('dueDate'),
    followUpDate: optional('followUpDate'),
    priority: optional('priority'),
    formKey: optional('formKey'),
  };
}

function assignment(resource: Moddle): string {
  const expression = one(one(resource.resourceAssignmentExpression)?.expression);
  return String(expression?.body ?? '').trim();
}

function documentation(element: Moddle): string | null {
  const texts = list(element.documentation).map((part) => String(part.text ?? '').trim());
  return texts.length > 0 ? texts.join('\n\n') : null;
}

/** Names between commas; commas within `${…}` belong to the expression. */
function splitNames(names: string): string[] {
  return names
    .split(/,(?![^{]*\})/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
