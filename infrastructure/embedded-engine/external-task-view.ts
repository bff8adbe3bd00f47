import type { Definitions } from './definitions.ts';
import type { ExternalTask } from './engine-api.ts';
import { nodeId } from './public-ids.ts';
import type { ExternalTaskRow } from './store/rows.ts';

/** A task as it is shown, with the lock that memory has of it. */
export function viewExternalTask(
  row: ExternalTaskRow,
  lock: { workerId: string | null; lockedUntil: number } | undefined,
  definitions: Definitions,
): ExternalTask {
  return {
    id: nodeId(row.root_id, row.node),
    activityId: row.activity_id,
    processInstanceId: row.instance_id,
    rootProcessInstanceId: row.root_id,
    definitionId: row.definition_id,
    processKey: row.process_key,
    versionTag: definitions.find(row.definition_id)?.versionTag ?? null,
    businessKey: row.business_key,
    topic: row.topic,
    priority: row.priority,
    retries: row.retries,
    errorMessage: row.error_message,
    workerId: lock?.workerId ?? null,
    lockedUntil: lock && lock.lockedUntil > 0 ? lock.lockedUntil : null,
    createdAt: row.created_at,
  };
}
