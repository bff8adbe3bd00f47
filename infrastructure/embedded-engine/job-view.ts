import type { Definition, Incident, Job } from './engine-api.ts';
import { jobId, nodeId } from './public-ids.ts';
import type { ExternalTaskRow, StartEventRow, WaitRow } from './store/rows.ts';

export function viewJob(row: WaitRow): Job {
  return {
    id: jobId(row.root_id, row.wait),
    kind: row.kind === 'timer' ? 'timer' : 'async',
    processInstanceId: row.instance_id,
    executionId: executionOf(row),
    definitionId: row.definition_id,
    processKey: row.process_key,
    activityId: row.activity_id,
    // A continuation has a due date only when one was set.
    due: row.kind === 'timer' || row.due !== row.created_at ? row.due : null,
    retries: row.retries,
    exceptionMessage: row.exception,
    createdAt: row.created_at,
  };
}

export function viewStartJob(row: StartEventRow, definition: Definition): Job {
  return {
    id: jobId(row.definition_id, row.number),
    kind: row.kind === 'timer' ? 'start-timer' : 'async',
    processInstanceId: null,
    executionId: null,
    definitionId: definition.id,
    processKey: definition.key,
    activityId: row.activity_id,
    due: row.kind === 'timer' || row.due !== row.created_at ? row.due : null,
    retries: row.retries,
    exceptionMessage: row.exception,
    createdAt: row.created_at,
  };
}

/** The public id of the execution of a row's node. */
export function executionOf(row: WaitRow | ExternalTaskRow): string {
  return row.node === row.instance_node ? row.instance_id : nodeId(row.root_id, row.node);
}

/** What has no retries is its own incident, a new one each time that it runs out of retries. */
export function taskIncident(row: ExternalTaskRow): Incident {
  const id = nodeId(row.root_id, row.node);
  const since = row.failed_at ?? row.created_at;
  return { ...ofRow(row, id, since), type: 'failedExternalTask', message: row.error_message };
}

export function jobIncident(row: WaitRow): Incident {
  const id = jobId(row.root_id, row.wait);
  const since = row.failed_at ?? row.created_at;
  return { ...ofRow(row, id, since), type: 'failedJob', message: row.exception };
}

export function viewStartIncident(row: StartEventRow, definition: Definition): Incident {
  const configuration = jobId(row.definition_id, row.number);
  const since = row.failed_at ?? row.created_at;
  return {
    id: `${configuration}:${since}`,
    type: 'failedJob',
    processInstanceId: null,
    executionId: null,
    definitionId: definition.id,
    processKey: definition.key,
    // Camunda does not say where a signal should have begun.
    activityId: row.kind === 'timer' ? row.activity_id : null,
    configuration,
    message: row.exception,
    since,
  };
}

function ofRow(row: WaitRow | ExternalTaskRow, configuration: string, since: number) {
  return {
    id: `${configuration}:${since}`,
    processInstanceId: row.instance_id,
    executionId: executionOf(row),
    definitionId: row.definition_id,
    processKey: row.process_key,
    activityId: row.activity_id,
    configuration,
    since,
  };
}
