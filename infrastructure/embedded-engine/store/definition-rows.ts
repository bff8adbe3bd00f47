import type BetterSqlite3 from 'better-sqlite3';
import type { DefinitionRow, DeploymentRow } from './rows.ts';

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
  };
}
