import type { Log } from '../../domain/common/index.ts';
import { messageOf } from './errors.ts';
import { readStoredPrograms } from './read-programs.ts';
import type { OldDefinitionRow } from './store/old-rows.ts';
import type { EngineStore } from './store/store.ts';

/**
 * Brings the process definitions of the engine before this one over, with their ids and versions. One that this engine
 * does not run comes along, so that versions count on from it and its ended instances stay in the history.
 */
export function bringOverDefinitions(
  { old, definitions }: EngineStore,
  now: number,
  log: Pick<Log, 'warn'>,
): void {
  if (!old) return;
  const refused = old.transaction(() => {
    const deployments = new Set(definitions.deployments().map(({ id }) => id));
    return old.definitions().flatMap((row) => {
      const resource = insertFile(row, definitions, deployments);
      const { program, reason } = read(row);
      definitions.insertDefinition({
        id: row.id,
        key: row.key,
        version: row.version,
        deployment_id: row.deployment_id,
        resource,
        name: program?.name ?? null,
        version_tag: program?.versionTag ?? null,
        history_days: program?.historyDays ?? daysIn(row.bpmn),
        startable: 1,
      });
      old.setDefinitionDone(row.id, now);
      return reason === null ? [] : [{ row, reason }];
    });
  });
  for (const { row, reason } of refused) {
    log.warn(
      { processKey: row.key, definitionId: row.id, reason },
      'engine: this engine does not run a process definition of the engine before it; deploy a version without what the reason names',
    );
  }
}

/** @returns the name under which the deployment has it */
function insertFile(
  row: OldDefinitionRow,
  definitions: EngineStore['definitions'],
  deployments: Set<string>,
): string {
  const { deployment_id: id, bpmn: content, deployed_at } = row;
  if (!deployments.has(id)) {
    const files = [{ fileName: row.file_name, content }];
    definitions.insertDeployment({ id, name: null, source: null, deployed_at }, files);
    deployments.add(id);
    return row.file_name;
  }
  const isTaken = definitions.content(id, row.file_name) !== undefined;
  const fileName = isTaken ? `${row.key}/${row.file_name}` : row.file_name;
  definitions.insertResource(id, { fileName, content });
  return fileName;
}

function read({ key, file_name, bpmn }: OldDefinitionRow) {
  try {
    const program = readStoredPrograms(file_name, bpmn).find((one) => one.key === key);
    return { program, reason: program ? null : `${file_name}: has no process "${key}"` };
  } catch (error) {
    return { program: undefined, reason: messageOf(error) };
  }
}

/** That engine took only models with a number of days. */
function daysIn(bpmn: string): number {
  return Number(/historyTimeToLive\s*=\s*["']P?(\d{1,5})D?["']/.exec(bpmn)?.[1] ?? 0);
}
