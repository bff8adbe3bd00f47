import type { Timestamp } from '../common/index.ts';

/** A process instance of a hierarchy of calls, with the version that it runs on. */
export interface HistoricInstance {
  processInstanceId: string;
  processKey: string;
  /** Null when that version is not deployed any more. */
  version: number | null;
  /** The instance that called it; null for the outermost. */
  calledBy: string | null;
}

/** An activity that an instance is in or was in. */
export interface HistoricActivity {
  id: string;
  /** Of the activity around it, or of the process instance. */
  parentId: string;
  activityId: string;
  name: string | null;
  /** Camunda's word for its kind: `serviceTask`, `noneEndEvent`, `boundaryTimer`. */
  type: string;
  processInstanceId: string;
  /** The instance that it has called. */
  calledInstanceId: string | null;
  /** Of its external task or user task. */
  taskId: string | null;
  startedAt: Timestamp;
  /** Null while it is open. */
  endedAt: Timestamp | null;
  cancelled: boolean;
}

export interface InstanceHistory {
  /** The outermost first. */
  instances: HistoricInstance[];
  /** In the order in which they began. */
  activities: HistoricActivity[];
  /** False when there is more than was read. */
  isWhole: boolean;
}

/** What an engine knows of the past of its instances, as long as it keeps it. */
export interface EngineHistory {
  /** Of a running or ended instance and those it called; null when the engine does not know it, or not any more. */
  readHistory(processInstanceId: string): Promise<InstanceHistory | null>;
}

/** The most that is read of one process: more would be no picture of it. */
export const MAX_HISTORY = { activities: 2_000, instances: 50 };

/** As of `MAX_HISTORY`, the activities of several instances in the order in which they began. */
export function historyOf(
  instances: HistoricInstance[],
  activities: readonly HistoricActivity[],
  isWhole: boolean,
): InstanceHistory {
  const sorted = activities.toSorted((one, other) =>
    one.startedAt < other.startedAt ? -1 : Number(one.startedAt > other.startedAt),
  );
  const shown = sorted.slice(0, MAX_HISTORY.activities);
  return { instances, activities: shown, isWhole: isWhole && shown.length === sorted.length };
}
