import { cutText, type Timestamp } from '../common/index.ts';
import {
  lastRefusal,
  type Outcome,
  type ProcessState,
  type StepFailed,
  type StoredEvent,
} from '../process/index.ts';
import type { EngineIncident, EngineInstance } from './engine.ts';
import { isOldIncident } from './old-incident.ts';

/** What a pending process needs. */
export type Diagnosis =
  /** It runs, or what happened is too young to be sure: nothing. */
  | { kind: 'healthy' }
  /** No instance is recorded: start it, or record the one there is. */
  | { kind: 'start' }
  /** The engine has not done the retry. */
  | {
      kind: 'retry';
      /** Open incidents that the retry takes back. */
      incidents?: readonly EngineIncident[];
    }
  | { kind: 'end'; outcome: Outcome; deletes: boolean };

/** What the engine says of a process. */
interface EngineView {
  /** The recorded instance; null when history does not have it and it does not run. */
  recorded: EngineInstance | null;
  /** The open incidents of the recorded instance. */
  incidents: readonly EngineIncident[];
  /** Whether its tokens wait at joins for one that never comes. */
  stuck: boolean;
}

const HEALTHY: Diagnosis = { kind: 'healthy' };

/**
 * Concludes what a pending process without news since `cutoff` needs, from its events and the engine's view of
 * its instance, which was taken before the events were read. Skips instances that changed after `cutoff`: a final
 * task elsewhere may be about to report.
 */
export function diagnose(
  state: ProcessState,
  events: readonly StoredEvent[],
  { recorded, incidents, stuck }: EngineView,
  { cutoff }: { cutoff: Timestamp },
): Diagnosis {
  const retried = events.findLast(({ type }) => type === 'process-retried');
  const since = retried?.version ?? 0;
  const startedSince = events.some(
    ({ type, version }) => type === 'process-started' && version > since,
  );
  const unanswered = retried !== undefined && !startedSince;
  if (state.processInstanceId === null) return { kind: unanswered ? 'retry' : 'start' };
  if (recorded === null) {
    if (unanswered) return { kind: 'retry' };
    return technical(
      'INSTANCE_DELETED',
      'the process engine does not know the instance any more; it was deleted there',
      state.currentStep,
    );
  }
  switch (recorded.state) {
    case 'suspended':
      return HEALTHY;
    case 'active': {
      // Attempts are given back to all that has none: so the other incidents are older than that, too.
      const old = incidents.filter((one) => isOldIncident(one, events));
      if (old.length > 0) return { kind: 'retry', incidents: old };
      const incident = incidents.find(({ at }) => at <= cutoff);
      if (incident) {
        const at = incident.activityId ?? state.currentStep;
        return stuckAt(incident, incidents, at);
      }
      const refusal = lastRefusal(events, since);
      return stuck && refusal ? refused(refusal, true) : HEALTHY;
    }
    case 'completed':
    case 'terminated': {
      if (recorded.endedAt !== null && recorded.endedAt > cutoff) return HEALTHY;
      if (unanswered) return { kind: 'retry' };
      if (recorded.state === 'terminated') {
        const reason = recorded.deleteReason ? `: ${recorded.deleteReason}` : '';
        return technical(
          'INSTANCE_DELETED',
          `the instance was deleted in the process engine${reason}`,
          state.currentStep,
        );
      }
      const refusal = lastRefusal(events, since);
      if (refusal) return refused(refusal, false);
      return technical(
        'ENDED_WITHOUT_RESULT',
        'the instance came to its end in the process engine and no final step said how',
        state.currentStep,
      );
    }
  }
}

function refused({ data, step }: StoredEvent & StepFailed, deletes: boolean): Diagnosis {
  const { code, message } = data;
  const outcome = { status: 'error', kind: 'business', code, message, step: step.name } as const;
  return { kind: 'end', outcome, deletes };
}

/** The end of a process whose instance cannot continue. */
export function stuckAt(
  { message }: EngineIncident,
  incidents: readonly EngineIncident[],
  at: string | null,
): Diagnosis & { kind: 'end' } {
  const text = `the instance cannot continue at ${at}: ${message ?? 'no reason given'}`;
  const end = technical('INCIDENT', text, at);
  const incidentIds = incidents.map(({ id }) => id);
  return { ...end, outcome: { ...end.outcome, incidentIds } };
}

function technical(code: string, message: string, step: string | null) {
  const outcome = {
    status: 'error',
    kind: 'technical',
    code,
    message: cutText(message, 2_000),
    step,
  } as const;
  return { kind: 'end', outcome, deletes: false } as const;
}
