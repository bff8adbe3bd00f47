import type { Audit, Command, ProcessIdentity } from '../../../domain/process/index.ts';
import type { Random } from './random.ts';
import { createStepMoves, type Move } from './step-moves.ts';
import type { PlannedStep, Subject } from './subjects.ts';

/**
 * How a process goes.
 *
 * - `well`: every step at its first attempt; `bumpy`: one of them after failed attempts
 * - `mended`: it fails for a technical reason, somebody has it retried, and it ends well
 * - `refused`, `broken`, `cancelled`: the three ways to end in an error
 * - `pending`: it has not ended
 */
export type Plot = 'well' | 'bumpy' | 'mended' | 'refused' | 'broken' | 'cancelled' | 'pending';

/** No course takes longer, in milliseconds. */
export const MAX_COURSE_MS = 4 * 3_600_000;
const MINUTE_MS = 60_000;

interface Beginning {
  /** Milliseconds since the epoch. */
  at: number;
  /** Makes the ids of the engine; given the time in milliseconds. */
  newId: (at: number) => string;
  identity: ProcessIdentity;
  /** Who asks for it, and for all that callers ask for later. */
  actor: string;
  requestHash: string;
}

/** What one process goes through, 4 to 10 events, as the commands that cause them. */
export function createCourse(
  random: Random,
  subject: Subject,
  plot: Plot,
  beginning: Beginning,
): Move[] {
  const { definition, steps, variables } = subject;
  const { identity, actor, requestHash, newId } = beginning;
  const common = { processName: definition.key, identity };
  const moves: Move[] = [];
  let now = beginning.at;

  function add(after: number, command: Command, events: Move['events'] = 1): void {
    now += after;
    moves.push({ at: now, command, events });
  }

  const wait = (milliseconds: number): void => {
    now += milliseconds;
  };
  const { succeed, fail, refuse } = createStepMoves({
    ...{ random, subject, identity, add, wait },
    newId: () => newId(now),
  });
  add(0, {
    ...common,
    type: 'request-process',
    actor,
    audit: httpAudit('start'),
    variables,
    requestHash,
  });
  // Who asks for the start is known when the events have their ids.
  add(random.between(2, 40), {
    ...common,
    type: 'record-start',
    processInstanceId: newId(now),
    requestId: '',
  });
  const turning = turningPoint(random, subject, plot);
  for (const [at, planned] of steps.entries()) {
    const taskId = newId(now);
    let failures = 0;
    if (at === turning) {
      if (plot === 'pending') break;
      if (plot === 'cancelled') {
        const audit = httpAudit(':correlationId/cancel');
        const reason = 'ordered twice';
        add(random.between(1_000, 10 * MINUTE_MS), {
          ...common,
          type: 'cancel-process',
          actor,
          audit,
          reason,
        });
        break;
      }
      if (plot === 'refused' && planned.refusal) {
        refuse(planned, planned.refusal);
        break;
      }
      if (plot === 'bumpy') failures = fail(planned, taskId, random.chance(0.7) ? [2] : [2, 1]);
      if (plot === 'broken') {
        fail(planned, taskId, [2, 1, 0]);
        break;
      }
      if (plot === 'mended') {
        failures = fail(planned, taskId, [0]);
        const audit = httpAudit(':correlationId/retry');
        const reason = 'the partner is back';
        add(random.between(MINUTE_MS, 20 * MINUTE_MS), {
          ...common,
          type: 'retry-process',
          actor,
          audit,
          reason,
        });
      }
    }
    succeed(planned, { taskId, attempt: failures + 1, isLast: at === steps.length - 1 });
  }
  return moves;
}

/** The step at which something happens that is not in the plan; -1 for none. */
function turningPoint(random: Random, { steps }: Subject, plot: Plot): number {
  const any = (where: (step: PlannedStep) => boolean): number => {
    const fitting = steps.flatMap((step, at) => (where(step) ? [at] : []));
    return fitting[random.between(0, fitting.length - 1)] ?? -1;
  };
  switch (plot) {
    case 'well':
      return -1;
    case 'refused':
      return any(({ refusal }) => refusal !== undefined);
    case 'bumpy':
    case 'broken':
    case 'mended':
      return any(({ call }) => call !== undefined);
    // Not before the third step: with the two events of the start they are four then.
    case 'cancelled':
    case 'pending':
      return random.between(2, steps.length - 1);
    default:
      return plot satisfies never;
  }
}

function httpAudit(path: string): Audit {
  return { httpMethod: 'POST', endpoint: `/api/process/${path}`, httpStatusCode: 202 };
}
