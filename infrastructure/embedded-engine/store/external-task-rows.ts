import type BetterSqlite3 from 'better-sqlite3';
import type { ExternalTaskFilter, Page } from '../engine-api.ts';
import type { ExternalTaskRow } from './rows.ts';
import { limitOf, Where } from './where.ts';

/** Where a worker continues reading the tasks of a topic and a priority: exclusive, in the order of the index. */
export interface TaskCursor {
  availableAt: number;
  rootId: string;
  node: number;
}

type OpenedTask = Pick<
  ExternalTaskRow,
  'root_id' | 'node' | 'instance_id' | 'activity_id' | 'topic' | 'priority' | 'created_at'
>;

export interface ExternalTaskRows {
  insert(task: OpenedTask): void;
  /** @returns false when it was none */
  delete(rootId: string, node: number): boolean;
  has(rootId: string, node: number): boolean;
  get(rootId: string, node: number): ExternalTaskRow | undefined;
  fail(
    rootId: string,
    node: number,
    failure: {
      retries: number;
      message: string | null;
      details: string | null;
      at: number;
      availableAt: number;
    },
  ): void;
  setRetries(rootId: string, node: number, retries: number, at: number): void;
  setPriority(rootId: string, node: number, priority: number): void;
  /** It may be fetched from now on. */
  setAvailable(rootId: string, node: number, at: number): void;
  list(filter: ExternalTaskFilter, page?: Page): ExternalTaskRow[];
  count(filter: ExternalTaskFilter): number;
  /** Of tasks with retries. */
  priorities(topic: string): number[];
  /** Those that may be fetched at `now`. */
  next(
    topic: string,
    priority: number,
    after: TaskCursor,
    now: number,
    limit: number,
  ): ExternalTaskRow[];
  /** When the next one may be fetched after `now`. */
  nextAvailable(topic: string, priority: number, now: number): number | null;
}

const SELECT = `SELECT t.*, i.definition_id, i.process_key, i.business_key,
    i.node AS instance_node
  FROM engine_external_task t JOIN engine_process_instance i ON i.id = t.instance_id`;
const ONE = 'WHERE root_id = ? AND node = ?';

export function createExternalTaskRows(db: BetterSqlite3.Database): ExternalTaskRows {
  const insert = db.prepare(
    `INSERT INTO engine_external_task
       (root_id, node, instance_id, activity_id, topic, priority, available_at, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = db.prepare(`DELETE FROM engine_external_task ${ONE}`);
  const has = db
    .prepare<[string, number], number>(`SELECT 1 FROM engine_external_task ${ONE}`)
    .pluck();
  const get = db.prepare<[string, number], ExternalTaskRow>(
    `${SELECT} WHERE t.root_id = ? AND t.node = ?`,
  );
  const fail = db.prepare(
    `UPDATE engine_external_task SET retries = ?, error_message = ?,
       error_details = COALESCE(?, error_details), failed_at = ?, available_at = ? ${ONE}`,
  );
  const setRetries = db.prepare(
    `UPDATE engine_external_task SET retries = ?,
       failed_at = IIF(? = 0 AND retries IS NOT 0, ?, failed_at) ${ONE}`,
  );
  const setPriority = db.prepare(`UPDATE engine_external_task SET priority = ? ${ONE}`);
  const setAvailable = db.prepare(`UPDATE engine_external_task SET available_at = ? ${ONE}`);
  const highest = db
    .prepare<[string, number], number | null>(
      'SELECT MAX(priority) FROM engine_external_task WHERE topic = ? AND priority < ?',
    )
    .pluck();
  const next = db.prepare<
    [string, number, number, string, number, number, number],
    ExternalTaskRow
  >(
    `${SELECT} WHERE t.topic = ? AND t.priority = ? AND (t.available_at, t.root_id, t.node) > (?, ?, ?)
       AND t.available_at <= ? AND (t.retries IS NULL OR t.retries > 0)
     ORDER BY t.available_at, t.root_id, t.node LIMIT ?`,
  );
  const nextAvailable = db
    .prepare<[string, number, number], number | null>(
      `SELECT MIN(available_at) FROM engine_external_task
       WHERE topic = ? AND priority = ? AND available_at > ?`,
    )
    .pluck();

  return {
    insert(task) {
      insert.run(
        task.root_id,
        task.node,
        task.instance_id,
        task.activity_id,
        task.topic,
        task.priority,
        task.created_at,
        task.created_at,
      );
    },
    delete: (rootId, node) => remove.run(rootId, node).changes > 0,
    has: (rootId, node) => has.get(rootId, node) === 1,
    get: (rootId, node) => get.get(rootId, node),
    fail(rootId, node, { retries, message, details, at, availableAt }) {
      fail.run(retries, message, details, at, availableAt, rootId, node);
    },
    setRetries: (rootId, node, retries, at) =>
      void setRetries.run(retries, retries, at, rootId, node),
    setPriority: (rootId, node, priority) => void setPriority.run(priority, rootId, node),
    setAvailable: (rootId, node, at) => void setAvailable.run(at, rootId, node),
    list(filter, page) {
      const where = conditions(filter);
      return db
        .prepare<unknown[], ExternalTaskRow>(
          `${SELECT} ${where.sql} ORDER BY t.root_id, t.node LIMIT ? OFFSET ?`,
        )
        .all(...where.parameters, ...limitOf(page));
    },
    count(filter) {
      const where = conditions(filter);
      const sql = `SELECT COUNT(*) FROM (${SELECT} ${where.sql})`;
      return (
        db
          .prepare<unknown[], number>(sql)
          .pluck()
          .get(...where.parameters) ?? 0
      );
    },
    priorities(topic) {
      const found: number[] = [];
      let below: number | null | undefined = Number.MAX_SAFE_INTEGER;
      while (typeof below === 'number') {
        below = highest.get(topic, below);
        if (typeof below === 'number') found.push(below);
      }
      return found;
    },
    next: (topic, priority, { availableAt, rootId, node }, now, limit) =>
      next.all(topic, priority, availableAt, rootId, node, now, limit),
    nextAvailable: (topic, priority, now) => nextAvailable.get(topic, priority, now) ?? null,
  };
}

function conditions(filter: ExternalTaskFilter): Where {
  return new Where()
    .isIn("t.root_id || ':' || t.node", filter.ids)
    .isIn(
      't.root_id',
      // Only to find the rows by their key.
      filter.ids?.map((id) => id.slice(0, Math.max(0, id.lastIndexOf(':')))),
    )
    .isIn('t.instance_id', filter.processInstanceIds)
    .is(
      't.root_id IN (SELECT root_id FROM engine_process_instance WHERE id IN (SELECT value FROM json_each(?)))',
      filter.processInstanceIds && JSON.stringify(filter.processInstanceIds),
    )
    .is('i.definition_id = ?', filter.definitionId)
    .is('i.process_key = ?', filter.processKey)
    .is("t.root_id || ':' || t.node = ?", filter.executionId)
    .is('t.topic = ?', filter.topicName)
    .isIn('t.activity_id', filter.activityIds)
    .when(filter.withRetriesLeft, '(t.retries IS NULL OR t.retries > 0)')
    .when(filter.noRetriesLeft, 't.retries = 0')
    .is('t.priority >= ?', filter.priorityHigherThanOrEquals)
    .is('t.priority <= ?', filter.priorityLowerThanOrEquals);
}
