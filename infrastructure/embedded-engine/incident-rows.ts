import type { EmbeddedEngine, Incident, IncidentFilter } from './engine-api.ts';

/**
 * An incident as Camunda shows it: in its own instance, and again in each that called this one, as an incident that names
 * the one below as its cause and has no configuration
 * (https://docs.camunda.org/manual/7.24/user-guide/process-engine/incidents/).
 */
export interface IncidentRow {
  id: string;
  processInstanceId: string | null;
  definitionId: string;
  executionId: string | null;
  activityId: string | null;
  causeId: string;
  root: Incident;
}

/** @param filter of the incidents themselves; what they bring with them in the callers comes along */
export function incidentRows(engine: EmbeddedEngine, filter: IncidentFilter = {}): IncidentRow[] {
  return engine.jobs.incidents(filter).flatMap((incident) => rowsOf(engine, incident));
}

/** Those that show in one process instance. */
export function incidentRowsIn(engine: EmbeddedEngine, processInstanceId: string): IncidentRow[] {
  const { instances } = engine;
  const below = [processInstanceId];
  for (const id of below) {
    below.push(...instances.list({ superId: id, states: ['ACTIVE'] }).map((one) => one.id));
  }
  return incidentRows(engine, { processInstanceIds: below }).filter(
    (row) => row.processInstanceId === processInstanceId,
  );
}

/** From the instance that has it up to the root. */
function rowsOf(engine: EmbeddedEngine, root: Incident): IncidentRow[] {
  const own = { ...root, causeId: root.id, root };
  const rows: IncidentRow[] = [own];
  for (let row: IncidentRow = own; ; ) {
    if (row.processInstanceId === null) return rows;
    const [instance] = engine.instances.list({ ids: [row.processInstanceId] });
    const [caller] = instance?.superId ? engine.instances.list({ ids: [instance.superId] }) : [];
    if (!instance || !caller) return rows;
    row = {
      id: `${root.id}@${caller.id}`,
      processInstanceId: caller.id,
      definitionId: caller.definitionId,
      executionId: instance.superActivityInstanceId ?? caller.id,
      activityId: instance.superActivityId ?? '',
      causeId: row.id,
      root,
    };
    rows.push(row);
  }
}
