import type { Timestamp } from '../common/index.ts';
import type {
  EngineHistory,
  EngineIncident,
  EngineInspection,
  HistoricActivity,
  HistoricInstance,
} from '../engine/index.ts';
import type { EventStore, FindProcess, FoundProcess } from '../process/index.ts';
import { type Attempt, attemptsByTask, type TaskAttempts } from './attempts.ts';

/** `failed`: it is open and cannot continue by itself. */
type ActivityState = 'open' | 'failed' | 'completed' | 'cancelled';

/** An activity with what the journal has of its task. */
export interface PathActivity extends Omit<HistoricActivity, 'cancelled'> {
  state: ActivityState;
  /** The name of its step in the events; null without an attempt. */
  step: string | null;
  attempts: Attempt[];
  incident: { message: string | null; at: Timestamp } | null;
}

export interface ProcessPath {
  state: FoundProcess;
  /** Null: the engine has no history of the process, or not any more. */
  history: {
    instances: HistoricInstance[];
    activities: PathActivity[];
    /** Incidents of what has no activity yet, such as a job that is to enter one. */
    incidents: EngineIncident[];
    isWhole: boolean;
  } | null;
  /** Attempts whose activity the history does not have: all of them without history. */
  others: TaskAttempts[];
}

/**
 * Reads which activities a process went through and where it stands: from the history of the engine, with the attempts in
 * the journal. Of a process that started again in another instance, the last one.
 *
 * @returns null for an unknown process
 * @throws EngineUnavailableError, StoreUnavailableError
 */
export type ReadPath = (correlationId: string) => Promise<ProcessPath | null>;

export function createReadPath(ports: {
  engine: EngineHistory & Pick<EngineInspection, 'findIncidents'>;
  eventStore: Pick<EventStore, 'readStream'>;
  findProcess: FindProcess;
}): ReadPath {
  const { engine, eventStore, findProcess } = ports;

  return async (correlationId) => {
    const state = await findProcess(correlationId);
    if (!state) return null;
    const id = state.processInstanceId;
    const found = id === null ? null : await engine.readHistory(id);
    // After the history: a task that it shows as done is in the journal by now.
    const attempts = attemptsByTask(await eventStore.readStream(correlationId));
    if (!found) return { state, history: null, others: [...attempts.values()] };
    const ids = found.instances.map(({ processInstanceId }) => processInstanceId);
    const isRunning = found.activities.some(({ endedAt }) => endedAt === null);
    // In a called instance, the incident itself; those that called it show it again.
    const incidents = isRunning ? await engine.findIncidents(ids) : [];
    const activities = found.activities.map((one) => withJournal(one, attempts, incidents));
    const shown = new Set(found.activities.map(({ taskId }) => taskId));
    const at = new Set(found.activities.map(elementOf));
    return {
      state,
      history: {
        instances: found.instances,
        activities,
        incidents: incidents.filter((one) => !at.has(elementOf(one))),
        isWhole: found.isWhole,
      },
      others: [...attempts.values()].filter(({ taskId }) => !shown.has(taskId)),
    };
  };
}

const elementOf = (one: { processInstanceId: string; activityId: string | null }): string =>
  `${one.processInstanceId} ${one.activityId}`;

function withJournal(
  { cancelled, ...activity }: HistoricActivity,
  attempts: ReadonlyMap<string, TaskAttempts>,
  incidents: readonly EngineIncident[],
): PathActivity {
  const isOpen = activity.endedAt === null;
  const incident = isOpen ? incidents.find((one) => isOf(one, activity)) : undefined;
  const tried = activity.taskId === null ? undefined : attempts.get(activity.taskId);
  return {
    ...activity,
    state: isOpen ? (incident ? 'failed' : 'open') : cancelled ? 'cancelled' : 'completed',
    step: tried?.step ?? null,
    attempts: tried?.attempts ?? [],
    incident: incident ? { message: incident.message, at: incident.at } : null,
  };
}

/** Of several activities of one element, an external task says which; of others each shows it. */
function isOf(incident: EngineIncident, activity: Omit<HistoricActivity, 'cancelled'>): boolean {
  if (elementOf(incident) !== elementOf(activity)) return false;
  const { taskId } = activity;
  // A call activity shows the task that failed in what it has called.
  if (incident.taskId === null || activity.calledInstanceId !== null || taskId === null)
    return true;
  return incident.taskId === taskId;
}
