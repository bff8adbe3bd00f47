import type BetterSqlite3 from 'better-sqlite3';

/*
 * The tables of the engine before this one, whose instances bpmn-elements ran. They stay as they are, with the time at
 * which a row was brought over. A row goes together with its instance, so that nothing of a deleted instance is left in
 * the file.
 */

export interface OldInstanceRow {
  id: string;
  definition_id: string;
  process_key: string;
  business_key: string | null;
  state: 'ACTIVE' | 'COMPLETED' | 'EXTERNALLY_TERMINATED';
  /** JSON: name → typed value. */
  variables: string;
  /** The state of bpmn-elements; null when ended. */
  execution: string | null;
  started_at: number;
  ended_at: number | null;
  remove_at: number | null;
  delete_reason: string | null;
}

export interface OldTaskRow {
  id: string;
  activity_id: string;
  topic: string;
  retries: number | null;
  error_message: string | null;
  error_details: string | null;
  available_at: number;
  created_at: number;
}

export interface OldDefinitionRow {
  id: string;
  key: string;
  version: number;
  deployment_id: string;
  file_name: string;
  bpmn: string;
  deployed_at: number;
}

export interface OldRows {
  definitions(): OldDefinitionRow[];
  setDefinitionDone(id: string, at: number): void;
  /** Instances that are still to be brought over, in the order of their ids. */
  instances(afterId: string, limit: number): OldInstanceRow[];
  count(): number;
  tasks(instanceId: string): OldTaskRow[];
  setInstanceDone(id: string, at: number): void;
  /** Gives an instance the time at which it was started, and where. */
  setStarted(id: string, at: number, activityId: string | null): void;
  setEndedBefore(row: OldInstanceRow): void;
  /** Gives an open task what it had. */
  setTask(rootId: string, node: number, task: OldTaskRow, failedAt: number | null): void;
  /** One within another undoes only its own work when it throws. */
  transaction<T>(work: () => T): T;
}

const PREPARE = `
CREATE INDEX IF NOT EXISTS idx_engine_instance_left ON engine_instance (id)
  WHERE brought_over_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_engine_task_instance ON engine_task (instance_id);
CREATE TRIGGER IF NOT EXISTS engine_instance_deleted AFTER DELETE ON engine_process_instance BEGIN
  DELETE FROM engine_task WHERE instance_id = OLD.id;
  DELETE FROM engine_instance WHERE id = OLD.id;
END;
`;

/** How long this waits for another process that has the file: nothing else runs yet that it could block. */
const BUSY_TIMEOUT_MS = 30_000;

/** @returns null when the file never had them */
export function createOldRows(db: BetterSqlite3.Database): OldRows | null {
  if (!hasTable(db, 'engine_instance')) return null;
  waiting(db, () => db.transaction(() => prepareTables(db)).immediate());
  const instances = db.prepare<[string, number], OldInstanceRow>(
    'SELECT * FROM engine_instance WHERE brought_over_at IS NULL AND id > ? ORDER BY id LIMIT ?',
  );
  const count = db
    .prepare<[], number>('SELECT COUNT(*) FROM engine_instance WHERE brought_over_at IS NULL')
    .pluck();
  const tasks = db.prepare<[string], OldTaskRow>(
    'SELECT * FROM engine_task WHERE instance_id = ? ORDER BY rowid',
  );
  const instanceDone = db.prepare('UPDATE engine_instance SET brought_over_at = ? WHERE id = ?');
  const definitionDone = db.prepare(
    'UPDATE engine_definition SET brought_over_at = ? WHERE id = ?',
  );
  const started = db.prepare(
    'UPDATE engine_process_instance SET started_at = ?, start_activity_id = ? WHERE id = ?',
  );
  const ended = db.prepare(
    `INSERT INTO engine_process_instance (id, root_id, node, definition_id, process_key, business_key, state,
       started_at, ended_at, remove_at, delete_reason, variables)
     VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const task = db.prepare(
    `UPDATE engine_external_task SET topic = ?, retries = ?, error_message = ?, error_details = ?,
       failed_at = ?, available_at = ?, created_at = ? WHERE root_id = ? AND node = ?`,
  );
  return {
    definitions: () =>
      db
        .prepare<[], OldDefinitionRow>(
          'SELECT * FROM engine_definition WHERE brought_over_at IS NULL ORDER BY key, version',
        )
        .all(),
    setDefinitionDone: (id, at) => void definitionDone.run(at, id),
    instances: (afterId, limit) => instances.all(afterId, limit),
    count: () => count.get() ?? 0,
    tasks: (instanceId) => tasks.all(instanceId),
    setInstanceDone: (id, at) => void instanceDone.run(at, id),
    setStarted: (id, at, activityId) => void started.run(at, activityId, id),
    setEndedBefore(row) {
      ended.run(
        row.id,
        row.id,
        row.definition_id,
        row.process_key,
        row.business_key,
        row.state,
        row.started_at,
        row.ended_at,
        row.remove_at,
        row.delete_reason,
        row.variables,
      );
    },
    setTask(rootId, node, { topic, retries, ...rest }, failedAt) {
      // What may be fetched stands in the order in which it was created.
      const available = Math.max(rest.available_at, rest.created_at);
      task.run(
        topic,
        retries,
        rest.error_message,
        rest.error_details,
        failedAt,
        available,
        rest.created_at,
        rootId,
        node,
      );
    },
    transaction: (work) => {
      if (db.inTransaction) return db.transaction(work)();
      return waiting(db, () => db.transaction(work).immediate());
    },
  };
}

function prepareTables(db: BetterSqlite3.Database): void {
  for (const table of ['engine_instance', 'engine_definition']) {
    const columns = db.pragma(`table_info(${table})`) as { name: string }[];
    if (columns.some(({ name }) => name === 'brought_over_at')) continue;
    db.exec(`ALTER TABLE ${table} ADD COLUMN brought_over_at INT`);
  }
  db.exec(PREPARE);
}

function hasTable(db: BetterSqlite3.Database, name: string): boolean {
  const found = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  return found.get(name) !== undefined;
}

function waiting<T>(db: BetterSqlite3.Database, work: () => T): T {
  const before = db.pragma('busy_timeout', { simple: true });
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  try {
    return work();
  } finally {
    db.pragma(`busy_timeout = ${before}`);
  }
}
