import type BetterSqlite3 from 'better-sqlite3';
import { createOpenCounts, type OpenNodes, openNodesOf } from './open-counts.ts';

/*
 * The engine's tables, in the service's own database file but apart from its schema: production has none of them. All
 * times are milliseconds since the epoch. Those of the engine before this one are in
 * `old-rows.ts`.
 */

const DEFINITIONS = `
CREATE TABLE IF NOT EXISTS engine_deployment (
  id TEXT PRIMARY KEY, name TEXT, source TEXT, deployed_at INT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS engine_resource (
  deployment_id TEXT NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (deployment_id, name)
) STRICT;
CREATE TABLE IF NOT EXISTS engine_process_definition (
  id TEXT PRIMARY KEY, key TEXT NOT NULL, version INT NOT NULL, deployment_id TEXT NOT NULL,
  resource TEXT NOT NULL, name TEXT, version_tag TEXT, history_days INT NOT NULL,
  startable INT NOT NULL, UNIQUE (key, version)
) STRICT;
CREATE TABLE IF NOT EXISTS engine_start_event (
  definition_id TEXT NOT NULL, number INT NOT NULL, element INT NOT NULL, activity_id TEXT NOT NULL,
  kind TEXT NOT NULL, name TEXT, due INT, repeat TEXT, retries INT NOT NULL, exception TEXT, failed_at INT,
  created_at INT NOT NULL,
  PRIMARY KEY (definition_id, number)
) STRICT, WITHOUT ROWID;
`;

const INSTANCES = `
CREATE TABLE IF NOT EXISTS engine_process_instance (
  id TEXT PRIMARY KEY, root_id TEXT NOT NULL, node INT NOT NULL, definition_id TEXT NOT NULL, process_key TEXT NOT NULL,
  business_key TEXT, super_id TEXT, super_activity_id TEXT, super_node INT, state TEXT NOT NULL,
  started_at INT NOT NULL, ended_at INT, remove_at INT, delete_reason TEXT,
  start_activity_id TEXT, end_activity_id TEXT, variables TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS idx_engine_process_instance_business_key
  ON engine_process_instance (business_key) WHERE business_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_engine_process_instance_definition
  ON engine_process_instance (definition_id);
DROP INDEX IF EXISTS idx_engine_process_instance_active;
CREATE INDEX IF NOT EXISTS idx_engine_process_instance_running
  ON engine_process_instance (started_at, id, process_key, definition_id) WHERE state = 'ACTIVE';
CREATE INDEX IF NOT EXISTS idx_engine_process_instance_started_at
  ON engine_process_instance (started_at, id);
CREATE INDEX IF NOT EXISTS idx_engine_process_instance_super
  ON engine_process_instance (super_id) WHERE super_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_engine_process_instance_called
  ON engine_process_instance (root_id) WHERE super_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_engine_process_instance_remove_at
  ON engine_process_instance (remove_at) WHERE remove_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS engine_state (
  root_id TEXT PRIMARY KEY, version INT NOT NULL, state TEXT NOT NULL, open TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE TABLE IF NOT EXISTS engine_open_count (
  definition_id TEXT NOT NULL, element INT NOT NULL, pending INT NOT NULL, open INT NOT NULL,
  PRIMARY KEY (definition_id, element, pending)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS engine_activity (
  instance_id TEXT NOT NULL, root_id TEXT NOT NULL, node INT NOT NULL, parent INT, activity_id TEXT NOT NULL,
  type TEXT NOT NULL, called_id TEXT, since INT NOT NULL, ended_at INT NOT NULL, cancelled INT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS idx_engine_activity_instance ON engine_activity (instance_id);
`;

const OPEN = `
CREATE TABLE IF NOT EXISTS engine_external_task (
  root_id TEXT NOT NULL, node INT NOT NULL, instance_id TEXT NOT NULL, activity_id TEXT NOT NULL,
  topic TEXT NOT NULL, priority INT NOT NULL, retries INT, error_message TEXT, error_details TEXT,
  failed_at INT, available_at INT NOT NULL, created_at INT NOT NULL,
  PRIMARY KEY (root_id, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idx_engine_external_task_topic
  ON engine_external_task (topic, priority, available_at);
CREATE INDEX IF NOT EXISTS idx_engine_external_task_incident
  ON engine_external_task (retries) WHERE retries = 0;
CREATE TABLE IF NOT EXISTS engine_user_task (
  root_id TEXT NOT NULL, node INT NOT NULL, instance_id TEXT NOT NULL, activity_id TEXT NOT NULL,
  name TEXT, description TEXT, assignee TEXT, owner TEXT, due INT, follow_up INT,
  priority INT NOT NULL, form_key TEXT, created_at INT NOT NULL,
  PRIMARY KEY (root_id, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idx_engine_user_task_assignee ON engine_user_task (assignee);
CREATE INDEX IF NOT EXISTS idx_engine_user_task_created_at ON engine_user_task (created_at);
CREATE TABLE IF NOT EXISTS engine_candidate (
  root_id TEXT NOT NULL, node INT NOT NULL, kind TEXT NOT NULL, candidate TEXT NOT NULL,
  PRIMARY KEY (root_id, node, kind, candidate)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idx_engine_candidate ON engine_candidate (kind, candidate);
CREATE TABLE IF NOT EXISTS engine_wait (
  root_id TEXT NOT NULL, wait INT NOT NULL, node INT NOT NULL, instance_id TEXT NOT NULL,
  activity_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT, due INT, retries INT NOT NULL,
  exception TEXT, failed_at INT, created_at INT NOT NULL,
  PRIMARY KEY (root_id, wait)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idx_engine_wait_name ON engine_wait (kind, name) WHERE name IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_engine_wait_due ON engine_wait (due)
  WHERE due IS NOT NULL AND retries > 0;
CREATE INDEX IF NOT EXISTS idx_engine_wait_incident ON engine_wait (retries) WHERE retries = 0;
CREATE TABLE IF NOT EXISTS engine_signal (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, variables TEXT NOT NULL, by_job TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS engine_signal_receiver (
  root_id TEXT NOT NULL, signal_id INT NOT NULL, wait INT NOT NULL, held INT NOT NULL DEFAULT 0,
  PRIMARY KEY (root_id, signal_id, wait)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idx_engine_signal_receiver
  ON engine_signal_receiver (signal_id, root_id, held);
`;

/** From when a start event had one job at most, which its element named. */
const UPGRADE_START_EVENTS = `
ALTER TABLE engine_start_event RENAME TO engine_start_event_before;
${DEFINITIONS}
INSERT INTO engine_start_event
    (definition_id, number, element, activity_id, kind, name, due, repeat, retries, exception, created_at)
  SELECT definition_id, element, element, activity_id, kind, name, due, repeat, retries, exception, created_at
  FROM engine_start_event_before;
DROP TABLE engine_start_event_before;
`;

/** Creates what is missing, and brings what an earlier version created up to date. */
export function createTables(db: BetterSqlite3.Database): void {
  db.transaction(() => {
    if (lacks(db, 'engine_start_event', 'number')) db.exec(UPGRADE_START_EVENTS);
    const isUncounted = lacks(db, 'engine_state', 'open');
    db.exec(DEFINITIONS + INSTANCES + OPEN);
    if (isUncounted) countOpenNodes(db);
  })();
}

/** Whether an earlier version created a table, without this column. */
function lacks(db: BetterSqlite3.Database, table: string, column: string): boolean {
  const columns = db.pragma(`table_info(${table})`) as { name: string }[];
  return columns.length > 0 && !columns.some(({ name }) => name === column);
}

/** From when what is open was not counted: once, it reads every state. */
function countOpenNodes(db: BetterSqlite3.Database): void {
  db.exec("ALTER TABLE engine_state ADD COLUMN open TEXT NOT NULL DEFAULT '[]'");
  const counts = createOpenCounts(db);
  const next = db.prepare<[string], { root_id: string; state: string }>(
    'SELECT root_id, state FROM engine_state WHERE root_id > ? ORDER BY root_id LIMIT 1',
  );
  const update = db.prepare('UPDATE engine_state SET open = ? WHERE root_id = ?');
  for (let row = next.get(''); row; row = next.get(row.root_id)) {
    const open = openNodesIn(row.state);
    update.run(JSON.stringify(open), row.root_id);
    counts.change([], open);
  }
  counts.flush();
}

/** None in a text that is no state: such an instance stands still. */
function openNodesIn(text: string): OpenNodes[] {
  try {
    return openNodesOf(JSON.parse(text));
  } catch {
    return [];
  }
}

/** Tables whose rows belong to a root, and go when it has ended. */
export const OPEN_TABLES = [
  'engine_external_task',
  'engine_user_task',
  'engine_candidate',
  'engine_wait',
  'engine_signal_receiver',
] as const;
