import type { ProcessInstance } from './engine-api.ts';
import { nodeId } from './public-ids.ts';
import type { InstanceRow } from './store/rows.ts';

export function viewInstance(row: InstanceRow): ProcessInstance {
  return {
    id: row.id,
    rootId: row.root_id,
    definitionId: row.definition_id,
    processKey: row.process_key,
    businessKey: row.business_key,
    superId: row.super_id,
    superActivityId: row.super_activity_id,
    superActivityInstanceId: row.super_node === null ? null : nodeId(row.root_id, row.super_node),
    state: row.state,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    removeAt: row.remove_at,
    deleteReason: row.delete_reason,
    startActivityId: row.start_activity_id,
    endActivityId: row.end_activity_id,
  };
}
