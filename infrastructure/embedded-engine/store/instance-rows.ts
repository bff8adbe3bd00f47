import type BetterSqlite3 from 'better-sqlite3';
import type { InstanceFilter, InstanceState, Page } from '../engine-api.ts';
import type { ActivityRow, InstanceRow } from './rows.ts';
import { OPEN_TABLES } from './schema.ts';
import type { StateRows } from './state-rows.ts';
import { limitOf, Where } from './where.ts';

type StartedInstance = Omit<
  InstanceRow,
  'ended_at' | 'remove_at' | 'delete_reason' | 'end_activity_id' | 'variables' | 'state'
>;

interface EndedInstance {
  id: string;
  state: InstanceState;
  endedAt: number;
  /** Of a root: when its rows go. */
  removeAt: number | null;
  deleteReason: string | null;
  endActivityId: string | null;
  variables: string;
}

export interface InstanceRows {
  insert(row: StartedInstance): void;
  end(ended: EndedInstance): void;
  byId(id: string): InstanceRow | undefined;
  rootOf(id: string): string | undefined;
  list(filter: InstanceFilter, page?: Page): InstanceRow[];
  count(filter: InstanceFilter): number;
  /** By reading all that run. */
  countRunning(): { definition: string; open: number }[];
  addActivity(row: ActivityRow): void;
  activities(instanceId: string): ActivityRow[];
  /** Whether the activity of a node, in a root or in what that called, was cancelled. */
  isCancelled(rootId: string, node: number): boolean;
  /** Deletes the state of a root that has ended, and whatever was open. */
  closeRoot(rootId: string): void;
  /** Deletes a root with all that it called, running or ended, and all that belongs to them. */
  deleteRoot(rootId: string): void;
  /** Deletes one instance that has ended and was called, with its history. */
  deleteCalled(id: string): void;
  /** Roots whose time in the history is over. */
  toRemove(now: number, limit: number): string[];
  /** Ids of instances of these definitions. */
  ofDefinitions(definitionIds: readonly string[]): Pick<InstanceRow, 'id' | 'root_id' | 'state'>[];
}

export function createInstanceRows(
  db: BetterSqlite3.Database,
  states: Pick<StateRows, 'delete'>,
): InstanceRows {
  const insert = db.prepare(
    `INSERT INTO engine_process_instance (id, root_id, node, definition_id, process_key, business_key,
      super_id, super_activity_id, super_node, state, started_at, start_activity_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'ACTIVE', ?, ?)`,
  );
  const end = db.prepare(
    `UPDATE engine_process_instance SET state = ?, ended_at = ?, remove_at = ?, delete_reason = ?,
      end_activity_id = ?, variables = ? WHERE id = ?`,
  );
  const byId = db.prepare<[string], InstanceRow>(
    'SELECT * FROM engine_process_instance WHERE id = ?',
  );
  const rootOf = db
    .prepare<[string], string>('SELECT root_id FROM engine_process_instance WHERE id = ?')
    .pluck();
  // Without the hint SQLite would take the index of the definitions, which has the ended ones, too.
  const running = 'engine_process_instance INDEXED BY idx_engine_process_instance_running';
  const countRunning = db.prepare<[], { definition: string; open: number }>(
    `SELECT definition_id AS definition, COUNT(*) AS open FROM ${running} WHERE state = 'ACTIVE' GROUP BY definition_id`,
  );
  const addActivity = db.prepare(
    `INSERT INTO engine_activity (instance_id, root_id, node, parent, activity_id, type, called_id, since, ended_at, cancelled)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const activities = db.prepare<[string], ActivityRow>(
    'SELECT * FROM engine_activity WHERE instance_id = ? ORDER BY rowid',
  );
  const isCancelled = db
    .prepare<[string, string, number], number>(
      `SELECT cancelled FROM engine_activity WHERE instance_id IN
        (SELECT ? UNION SELECT id FROM engine_process_instance WHERE root_id = ? AND super_id IS NOT NULL)
       AND node = ?`,
    )
    .pluck();
  const closeOpen = OPEN_TABLES.map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE root_id = ?`),
  );
  const deleteOfRoot = [
    `DELETE FROM engine_activity WHERE instance_id IN
      (SELECT id FROM engine_process_instance WHERE root_id = ? AND super_id IS NOT NULL)`,
    'DELETE FROM engine_activity WHERE instance_id = ?',
    'DELETE FROM engine_process_instance WHERE root_id = ? AND super_id IS NOT NULL',
    'DELETE FROM engine_process_instance WHERE id = ?',
  ].map((sql) => db.prepare(sql));
  const deleteOne = [
    'DELETE FROM engine_activity WHERE instance_id = ?',
    'DELETE FROM engine_process_instance WHERE id = ?',
  ].map((sql) => db.prepare(sql));
  const toRemove = db
    .prepare<[number, number], string>(
      'SELECT id FROM engine_process_instance WHERE remove_at <= ? ORDER BY remove_at LIMIT ?',
    )
    .pluck();
  const ofDefinitions = db.prepare<[string], Pick<InstanceRow, 'id' | 'root_id' | 'state'>>(
    `SELECT id, root_id, state FROM engine_process_instance
     WHERE definition_id IN (SELECT value FROM json_each(?))`,
  );

  function closeRoot(rootId: string): void {
    for (const statement of closeOpen) statement.run(rootId);
    states.delete(rootId);
  }

  return {
    insert(row) {
      insert.run(
        row.id,
        row.root_id,
        row.node,
        row.definition_id,
        row.process_key,
        row.business_key,
        row.super_id,
        row.super_activity_id,
        row.super_node,
        row.started_at,
        row.start_activity_id,
      );
    },
    end({ id, state, endedAt, removeAt, deleteReason, endActivityId, variables }) {
      end.run(state, endedAt, removeAt, deleteReason, endActivityId, variables, id);
    },
    byId: (id) => byId.get(id),
    rootOf: (id) => rootOf.get(id),
    list(filter, page) {
      const where = conditions(filter);
      return db
        .prepare<unknown[], InstanceRow>(
          `SELECT i.* FROM engine_process_instance i ${where.sql} ORDER BY i.started_at, i.id LIMIT ? OFFSET ?`,
        )
        .all(...where.parameters, ...limitOf(page));
    },
    count(filter) {
      const where = conditions(filter);
      const sql = `SELECT COUNT(*) FROM engine_process_instance i ${where.sql}`;
      return (
        db
          .prepare<unknown[], number>(sql)
          .pluck()
          .get(...where.parameters) ?? 0
      );
    },
    countRunning: () => countRunning.all(),
    addActivity(row) {
      addActivity.run(
        row.instance_id,
        row.root_id,
        row.node,
        row.parent,
        row.activity_id,
        row.type,
        row.called_id,
        row.since,
        row.ended_at,
        row.cancelled,
      );
    },
    activities: (instanceId) => activities.all(instanceId),
    isCancelled: (rootId, node) => isCancelled.get(rootId, rootId, node) === 1,
    closeRoot,
    deleteRoot(rootId) {
      closeRoot(rootId);
      for (const statement of deleteOfRoot) statement.run(rootId);
    },
    deleteCalled(id) {
      for (const statement of deleteOne) statement.run(id);
    },
    toRemove: (now, limit) => toRemove.all(now, limit),
    ofDefinitions: (ids) => ofDefinitions.all(JSON.stringify(ids)),
  };
}

function conditions(filter: InstanceFilter): Where {
  // So written that SQLite finds the index of the running ones.
  const activeOnly = filter.states?.length === 1 && filter.states[0] === 'ACTIVE';
  return new Where()
    .isIn('i.id', filter.ids)
    .isIn('i.business_key', filter.businessKeys)
    .is('i.business_key LIKE ?', filter.businessKeyLike)
    .isIn('i.definition_id', filter.definitionIds)
    .isIn('i.process_key', filter.processKeys)
    .is(
      'i.definition_id IN (SELECT id FROM engine_process_definition WHERE deployment_id = ?)',
      filter.deploymentId,
    )
    .is('i.super_id = ?', filter.superId)
    .is('i.id = (SELECT super_id FROM engine_process_instance WHERE id = ?)', filter.subId)
    .is('i.root_id = ?', filter.rootId)
    .when(filter.rootsOnly, 'i.super_id IS NULL')
    .when(activeOnly, "i.state = 'ACTIVE'")
    .isIn('i.state', activeOnly ? undefined : filter.states)
    .is('i.started_at < ?', filter.startedBefore)
    .is('i.started_at > ?', filter.startedAfter)
    .is('i.ended_at < ?', filter.endedBefore)
    .is('i.ended_at > ?', filter.endedAfter)
    .when(
      filter.withIncident || filter.incidentType !== undefined,
      `i.id IN (${incidents(filter.incidentType)})`,
    );
}

function incidents(type: InstanceFilter['incidentType']): string {
  const tasks = 'SELECT instance_id FROM engine_external_task WHERE retries = 0';
  const jobs = 'SELECT instance_id FROM engine_wait WHERE retries = 0';
  if (type === 'failedExternalTask') return tasks;
  return type === 'failedJob' ? jobs : `${tasks} UNION ${jobs}`;
}
