import { dueDate, initialRetries, type Program, type StartEvent } from '../../domain/bpmn/index.ts';
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
  { now, retryCycle = null }: { now: number; retryCycle?: string | null | undefined },
): StartEventRow[] {
  return program.starts.flatMap(
    (start) => rowOf(definitionId, program, start, now, retryCycle) ?? [],
  );
}

function rowOf(
  definitionId: string,
  program: Program,
  { element, definition }: StartEvent,
  now: number,
  retryCycle: string | null,
): StartEventRow | null {
  const scope = nothingVisible(now);
  const { id = '', retryCycle: own = null } = program.elements[element] ?? {};
  const base = {
    definition_id: definitionId,
    number: element,
    element,
    activity_id: id,
    name: null,
    due: null,
    repeat: null,
    retries: initialRetries(own, scope, retryCycle),
    exception: null,
    failed_at: null,
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

/** What an expression of a start event sees: there is no instance yet. */
export function nothingVisible(now: number) {
  return { variable: () => undefined, execution: {}, now };
}
