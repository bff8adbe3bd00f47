import { dueDate, type Program, type StartEvent } from '../../domain/bpmn/index.ts';
import { messageOf } from './errors.ts';
import type { StartEventRow } from './store/rows.ts';
import { BadRequest } from './typed-value.ts';

/**
 * How the newest version of a process begins by itself: what is to be kept of its start events.
 *
 * @throws BadRequest when a timer or a name cannot be evaluated
 */
export function startEventRows(
  definitionId: string,
  program: Program,
  now: number,
): StartEventRow[] {
  return program.starts.flatMap((start) => rowOf(definitionId, program, start, now) ?? []);
}

function rowOf(
  definitionId: string,
  program: Program,
  { element, definition }: StartEvent,
  now: number,
): StartEventRow | null {
  const scope = { variable: () => undefined, execution: {}, now };
  const id = program.elements[element]?.id ?? '';
  const base = {
    definition_id: definitionId,
    activity_id: id,
    element,
    name: null,
    due: null,
    repeat: null,
    retries: 3,
    exception: null,
    created_at: now,
  };
  try {
    switch (definition.kind) {
      case 'timer': {
        const { due, repeat } = dueDate(
          definition.timer,
          definition.expression.evaluate(scope),
          now,
        );
        return { ...base, kind: 'timer', due, repeat };
      }
      case 'message':
      case 'signal': {
        const name = definition.name.evaluate(scope);
        return { ...base, kind: definition.kind, name: 'value' in name ? String(name.value) : '' };
      }
      case 'conditional':
        return { ...base, kind: 'conditional' };
      default:
        return null;
    }
  } catch (error) {
    const message = `start event "${id}" of process "${program.key}": ${messageOf(error)}`;
    throw new BadRequest(message, 400, 'ParseException', { cause: error });
  }
}
