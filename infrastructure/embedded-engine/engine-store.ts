import type BetterSqlite3 from 'better-sqlite3';
import { createGroupCommit, type GroupCommit } from '../sqlite/group-commit.ts';
import { emptyLog } from '../sqlite/open.ts';

type InstanceState = 'ACTIVE' | 'COMPLETED' | 'EXTERNALLY_TERMINATED';

export interface InstanceRow {
  id: string;
  definition_id: string;
  process_key: string;
  business_key: string | null;
  state: InstanceState;
  /** JSON: name → typed value. */
  variables: string;
  /** JSON: subscriptions to messages. */
  subscriptions: string;
  /** What bpmn-elements needs to resume the instance; null when ended. */
  execution: string | null;
  /** Milliseconds since the epoch, like all times here. */
  next_due_at: number | null;
  started_at: number;
  ended_at: number | null;
  /** The instance's row is deleted then. */
  remove_at: number | null;
  delete_reason: string | null;
}

export interface TaskRow {
  id: string;
  instance_id: string;
  execution_id: string;
  activity_id: string;
  topic: string;
  retries: number | null;
  error_message: string | null;
  error_details: string | null;
  /** A failed task rests until then. */
  available_at: number;
  created_at: number;
}

export interface DefinitionRow {
  id: string;
  key: string;
  version: number;
  deployment_id: string;
  file_name: string;
  bpmn: string;
  deployed_at: number;
}

const INSTANCE_COLUMNS = [
  'id',
  'definition_id',
  'process_key',
  'business_key',
  'state',
  'variables',
  'subscriptions',
  'execution',
  'next_due_at',
  'started_at',
  'ended_at',
  'remove_at',
  'delete_reason',
] as const satisfies readonly (keyof InstanceRow)[];
const TASK_COLUMNS = [
  'id',
  'instance_id',
  'execution_id',
  'activity_id',
  'topic',
  'retries',
  'error_message',
  'error_details',
  'available_at',
  'created_at',
] as const satisfies readonly (keyof TaskRow)[];
const DEFINITION_COLUMNS = [
  'id',
  'key',
  'version',
  'deployment_id',
  'file_name',
  'bpmn',
  'deployed_at',
] as const satisfies readonly (keyof DefinitionRow)[];

const SCHEMA = `
CREATE TABLE IF NOT EXISTS engine_definition (
  id TEXT PRIMARY KEY, key TEXT NOT NULL, version INT NOT NULL, deployment_id TEXT NOT NULL,
  file_name TEXT NOT NULL, bpmn TEXT NOT NULL, deployed_at INT NOT NULL, UNIQUE (key, version)
) STRICT;
CREATE TABLE IF NOT EXISTS engine_instance (
  id TEXT PRIMARY KEY, definition_id TEXT NOT NULL, process_key TEXT NOT NULL, business_key TEXT,
  state TEXT NOT NULL, variables TEXT NOT NULL, subscriptions TEXT NOT NULL, execution TEXT,
  next_due_at INT, started_at INT NOT NULL, ended_at INT, remove_at INT, delete_reason TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS idx_engine_instance_business_key ON engine_instance (business_key);
CREATE INDEX IF NOT EXISTS idx_engine_instance_next_due_at ON engine_instance (next_due_at)
  WHERE next_due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_engine_instance_remove_at ON engine_instance (remove_at)
  WHERE remove_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS engine_task (
  id TEXT PRIMARY KEY, instance_id TEXT NOT NULL, execution_id TEXT NOT NULL,
  activity_id TEXT NOT NULL, topic TEXT NOT NULL, retries INT, error_message TEXT,
  error_details TEXT, available_at INT NOT NULL, created_at INT NOT NULL
) STRICT;
`;

/** What one step of the engine changed; written in one transaction. */
interface Change {
  instance?: InstanceRow;
  savedTasks?: readonly TaskRow[];
  deletedTasks?: readonly string[];
}

interface InstanceFilter {
  id?: string | undefined;
  businessKey?: string | undefined;
  processKey?: string | undefined;
  ids?: readonly string[] | undefined;
  businessKeys?: readonly string[] | undefined;
  processKeys?: readonly string[] | undefined;
  startedBefore?: number | undefined;
  activeOnly?: boolean;
}

export interface EngineStore {
  /** Durable against the death of the process when it resolves. */
  save(change: Change): Promise<void>;
  saveDefinition(row: DefinitionRow): Promise<void>;
  definitions(): DefinitionRow[];
  instance(id: string): InstanceRow | undefined;
  instances(filter: InstanceFilter, limit: number, offset?: number): InstanceRow[];
  tasks(): TaskRow[];
  /** Active instances with a timer due at `now`, earliest first. */
  due(now: number, limit: number): string[];
  /** When the next timer is due. */
  nextDue(): number | null;
  /** Deletes an instance that has ended, with all that the file holds of it when it is opened `zeroing`. */
  removeInstance(id: string): Promise<void>;
  /** Deletes instances whose time in the history is over. */
  removeOld(now: number): Promise<number>;
}

/**
 * The engine's tables, in the service's own database file but apart from its schema: production has
 * none of them.
 *
 * The connection runs with `synchronous=NORMAL`: its commits are not synced. They go to the same
 * write-ahead log as the event store's, whose next commit is synced and takes them along. So whatever
 * the service has recorded of an answer of the engine, the engine still knows after a power cut; what
 * it had not recorded, it asks again.
 *
 * @param zeroing overwrites what is deleted or replaced: variables stay nowhere in the file when their instance is gone
 */
export function createEngineStore(db: BetterSqlite3.Database, zeroing = false): EngineStore {
  db.pragma('synchronous = NORMAL');
  if (zeroing) db.pragma('secure_delete = ON');
  db.exec(SCHEMA);
  const group: GroupCommit = createGroupCommit(db);
  const saveInstance = db.prepare(upsert('engine_instance', INSTANCE_COLUMNS));
  const saveTask = db.prepare(upsert('engine_task', TASK_COLUMNS));
  const deleteTask = db.prepare('DELETE FROM engine_task WHERE id = ?');
  const saveDefinition = db.prepare(upsert('engine_definition', DEFINITION_COLUMNS));
  const byId = db.prepare<[string], InstanceRow>('SELECT * FROM engine_instance WHERE id = ?');
  const due = db
    .prepare<[number, number], string>(
      'SELECT id FROM engine_instance WHERE next_due_at <= ? ORDER BY next_due_at LIMIT ?',
    )
    .pluck();
  const nextDue = db
    .prepare<[], number | null>(
      'SELECT MIN(next_due_at) FROM engine_instance WHERE next_due_at IS NOT NULL',
    )
    .pluck();
  const removeOld = db.prepare('DELETE FROM engine_instance WHERE remove_at <= ?');

  const remove = db.prepare("DELETE FROM engine_instance WHERE id = ? AND state <> 'ACTIVE'");

  return {
    save: ({ instance, savedTasks = [], deletedTasks = [] }) =>
      group.write(() => {
        if (instance) saveInstance.run(INSTANCE_COLUMNS.map((name) => instance[name]));
        for (const task of savedTasks) saveTask.run(TASK_COLUMNS.map((name) => task[name]));
        for (const id of deletedTasks) deleteTask.run(id);
      }),
    saveDefinition: (row) =>
      group.write(() => {
        saveDefinition.run(DEFINITION_COLUMNS.map((name) => row[name]));
      }),
    definitions: () =>
      db.prepare<[], DefinitionRow>('SELECT * FROM engine_definition ORDER BY key, version').all(),
    instance: (id) => byId.get(id),
    instances(filter, limit, offset = 0) {
      const { id, businessKey, processKey, startedBefore, activeOnly } = filter;
      const conditions: string[] = [];
      const values: (string | number)[] = [];
      const add = (condition: string, value: string | number | undefined): void => {
        if (value === undefined) return;
        conditions.push(condition);
        values.push(value);
      };
      add('id = ?', id);
      add('business_key = ?', businessKey);
      add('process_key = ?', processKey);
      // One parameter each, however many: SQLite takes a list as JSON.
      const addIn = (column: string, list: readonly string[] | undefined): void =>
        add(`${column} IN (SELECT value FROM json_each(?))`, list && JSON.stringify(list));
      addIn('id', filter.ids);
      addIn('business_key', filter.businessKeys);
      addIn('process_key', filter.processKeys);
      add('started_at < ?', startedBefore);
      if (activeOnly) add('state = ?', 'ACTIVE');
      const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
      return db
        .prepare<unknown[], InstanceRow>(
          `SELECT * FROM engine_instance ${where} ORDER BY started_at, rowid LIMIT ? OFFSET ?`,
        )
        .all(...values, limit, offset);
    },
    tasks: () => db.prepare<[], TaskRow>('SELECT * FROM engine_task ORDER BY rowid').all(),
    due: (now, limit) => due.all(now, limit),
    nextDue: () => nextDue.get() ?? null,
    async removeInstance(id) {
      await group.write(() => void remove.run(id));
      if (zeroing) await emptyLog(db);
    },
    removeOld: (now) => group.write(() => removeOld.run(now).changes),
  };
}

function upsert(table: string, columns: readonly string[]): string {
  const updates = columns.slice(1).map((name) => `${name} = excluded.${name}`);
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (${columns[0]}) DO UPDATE SET ${updates.join(', ')}`;
}
