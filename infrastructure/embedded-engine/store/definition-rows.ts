import type BetterSqlite3 from 'better-sqlite3';
import type { DefinitionRow, DeploymentRow, StartEventRow } from './rows.ts';

export interface DefinitionRows {
  deployments(): DeploymentRow[];
  definitions(): DefinitionRow[];
  insertDeployment(
    row: DeploymentRow,
    files: readonly { fileName: string; content: string }[],
  ): void;
  insertResource(deploymentId: string, file: { fileName: string; content: string }): void;
  insertDefinition(row: DefinitionRow): void;
  /** With its files, definitions and their start events. */
  deleteDeployment(id: string): void;
  content(deploymentId: string, resource: string): string | undefined;
  /** Start events belong to the newest version of a process alone. */
  insertStartEvent(row: StartEventRow): void;
  deleteStartEvents(definitionId: string): void;
  startEvents(kind?: StartEventRow['kind'], name?: string): StartEventRow[];
  startEvent(definitionId: string, element: number): StartEventRow | undefined;
  dueStarts(now: number, limit: number): StartEventRow[];
  nextDueStart(after: number): number | null;
  updateStartEvent(
    row: Pick<
      StartEventRow,
      'definition_id' | 'element' | 'due' | 'repeat' | 'retries' | 'exception'
    >,
  ): void;
  deleteStartEvent(definitionId: string, element: number): void;
}

export function createDefinitionRows(db: BetterSqlite3.Database): DefinitionRows {
  const insertDeployment = db.prepare('INSERT INTO engine_deployment VALUES (?, ?, ?, ?)');
  const insertResource = db.prepare('INSERT INTO engine_resource VALUES (?, ?, ?)');
  const insertDefinition = db.prepare(
    `INSERT INTO engine_process_definition
       (id, key, version, deployment_id, resource, name, version_tag, history_days, startable)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const deleteDeployment = [
    `DELETE FROM engine_start_event WHERE definition_id IN
       (SELECT id FROM engine_process_definition WHERE deployment_id = ?)`,
    'DELETE FROM engine_process_definition WHERE deployment_id = ?',
    'DELETE FROM engine_resource WHERE deployment_id = ?',
    'DELETE FROM engine_deployment WHERE id = ?',
  ].map((sql) => db.prepare(sql));
  const content = db
    .prepare<[string, string], string>(
      'SELECT content FROM engine_resource WHERE deployment_id = ? AND name = ?',
    )
    .pluck();
  const insertStart = db.prepare(
    `INSERT INTO engine_start_event
       (definition_id, activity_id, element, kind, name, due, repeat, retries, exception, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const deleteStarts = db.prepare('DELETE FROM engine_start_event WHERE definition_id = ?');
  const deleteStart = db.prepare(
    'DELETE FROM engine_start_event WHERE definition_id = ? AND element = ?',
  );
  const startEvent = db.prepare<[string, number], StartEventRow>(
    'SELECT * FROM engine_start_event WHERE definition_id = ? AND element = ?',
  );
  const startEvents = db.prepare<[string | null, string | null], StartEventRow>(
    `SELECT * FROM engine_start_event WHERE kind = COALESCE(?, kind) AND name IS COALESCE(?, name)
     ORDER BY created_at, definition_id, element`,
  );
  const dueStarts = db.prepare<[number, number], StartEventRow>(
    'SELECT * FROM engine_start_event WHERE due <= ? AND retries > 0 ORDER BY due LIMIT ?',
  );
  const nextDue = db
    .prepare<[number], number | null>(
      'SELECT MIN(due) FROM engine_start_event WHERE due > ? AND retries > 0',
    )
    .pluck();
  const updateStart = db.prepare(
    `UPDATE engine_start_event SET due = ?, repeat = ?, retries = ?, exception = ?
     WHERE definition_id = ? AND element = ?`,
  );

  return {
    deployments: () =>
      db
        .prepare<[], DeploymentRow>('SELECT * FROM engine_deployment ORDER BY deployed_at, rowid')
        .all(),
    definitions: () =>
      db
        .prepare<[], DefinitionRow>('SELECT * FROM engine_process_definition ORDER BY key, version')
        .all(),
    insertDeployment(row, files) {
      insertDeployment.run(row.id, row.name, row.source, row.deployed_at);
      for (const { fileName, content } of files) insertResource.run(row.id, fileName, content);
    },
    insertResource(deploymentId, { fileName, content }) {
      insertResource.run(deploymentId, fileName, content);
    },
    insertDefinition(row) {
      insertDefinition.run(
        row.id,
        row.key,
        row.version,
        row.deployment_id,
        row.resource,
        row.name,
        row.version_tag,
        row.history_days,
        row.startable,
      );
    },
    deleteDeployment(id) {
      for (const statement of deleteDeployment) statement.run(id);
    },
    content: (deploymentId, resource) => content.get(deploymentId, resource),
    insertStartEvent(row) {
      insertStart.run(
        row.definition_id,
        row.activity_id,
        row.element,
        row.kind,
        row.name,
        row.due,
        row.repeat,
        row.retries,
        row.exception,
        row.created_at,
      );
    },
    deleteStartEvents: (definitionId) => void deleteStarts.run(definitionId),
    startEvents: (kind, name) => startEvents.all(kind ?? null, name ?? null),
    startEvent: (definitionId, element) => startEvent.get(definitionId, element),
    dueStarts: (now, limit) => dueStarts.all(now, limit),
    nextDueStart: (after) => nextDue.get(after) ?? null,
    updateStartEvent({ definition_id, element, due, repeat, retries, exception }) {
      updateStart.run(due, repeat, retries, exception, definition_id, element);
    },
    deleteStartEvent: (definitionId, element) => void deleteStart.run(definitionId, element),
  };
}
