import type BetterSqlite3 from 'better-sqlite3';
import type { NextAttempt } from '../../../domain/bpmn/index.ts';
import type { EventSubscriptionFilter, JobFilter, Page } from '../engine-api.ts';
import type { OfInstance, WaitRow } from './rows.ts';
import { limitOf, Where } from './where.ts';

type OpenedWait = Omit<WaitRow, keyof OfInstance | 'exception' | 'failed_at'>;

/** A node of a root's state. */
export interface NodeRef {
  rootId: string;
  node: number;
}

/** What instances wait for: messages, signals, conditions, timers and jobs. */
export interface WaitRows {
  /** Replaces one of the same id. */
  insert(wait: OpenedWait): void;
  delete(rootId: string, wait: number): void;
  get(rootId: string, wait: number): WaitRow | undefined;
  /** Those that wait for a message or signal. */
  named(
    kind: 'message' | 'signal',
    name: string,
    filter: { instanceId?: string | null; businessKey?: string | null },
    limit: number,
  ): WaitRow[];
  /** Roots that wait for a signal. */
  rootsOf(signal: string, limit: number): string[];
  subscriptions(
    filter: Omit<EventSubscriptionFilter, 'executionId'>,
    execution: NodeRef | undefined,
    page?: Page,
  ): WaitRow[];
  jobs(
    filter: Omit<JobFilter, 'executionId'>,
    execution: NodeRef | undefined,
    page?: Page,
  ): WaitRow[];
  /** Timers and jobs due at `now`, earliest first. */
  due(now: number, limit: number): Pick<WaitRow, 'root_id' | 'wait'>[];
  nextDue(after: number): number | null;
  setRetries(rootId: string, wait: number, retries: number, at: number): void;
  setDue(rootId: string, wait: number, due: number): void;
  /** `due` null: as before. */
  fail(rootId: string, wait: number, next: NextAttempt, message: string, at: number): void;
}

const SELECT = `SELECT w.*, i.definition_id, i.process_key, i.business_key,
    i.node AS instance_node
  FROM engine_wait w JOIN engine_process_instance i ON i.id = w.instance_id`;

/** An incident begins when the last attempt is used up, and is another one the next time. */
const FAILED_AT = 'failed_at = CASE WHEN @retries = 0 AND retries > 0 THEN @at ELSE failed_at END';

export function createWaitRows(db: BetterSqlite3.Database): WaitRows {
  const insert = db.prepare(
    `INSERT OR REPLACE INTO engine_wait
       (root_id, wait, node, instance_id, activity_id, kind, name, due, retries, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = db.prepare('DELETE FROM engine_wait WHERE root_id = ? AND wait = ?');
  const get = db.prepare<[string, number], WaitRow>(`${SELECT} WHERE w.root_id = ? AND w.wait = ?`);
  const rootsOf = db
    .prepare<[string, number], string>(
      "SELECT DISTINCT root_id FROM engine_wait WHERE kind = 'signal' AND name = ? ORDER BY root_id LIMIT ?",
    )
    .pluck();
  const due = db.prepare<[number, number], Pick<WaitRow, 'root_id' | 'wait'>>(
    'SELECT root_id, wait FROM engine_wait WHERE due <= ? AND retries > 0 ORDER BY due LIMIT ?',
  );
  const nextDue = db
    .prepare<[number], number | null>(
      'SELECT MIN(due) FROM engine_wait WHERE due > ? AND retries > 0',
    )
    .pluck();
  const setRetries = db.prepare(
    `UPDATE engine_wait SET retries = @retries, ${FAILED_AT} WHERE root_id = @rootId AND wait = @wait`,
  );
  const setDue = db.prepare('UPDATE engine_wait SET due = ? WHERE root_id = ? AND wait = ?');
  const fail = db.prepare(
    `UPDATE engine_wait SET retries = @retries, due = COALESCE(@due, due), exception = @message, ${FAILED_AT}
     WHERE root_id = @rootId AND wait = @wait`,
  );

  function select(where: Where, order: string, page: Page | undefined): WaitRow[] {
    return db
      .prepare<unknown[], WaitRow>(`${SELECT} ${where.sql} ORDER BY ${order} LIMIT ? OFFSET ?`)
      .all(...where.parameters, ...limitOf(page));
  }

  return {
    insert(wait) {
      insert.run(
        wait.root_id,
        wait.wait,
        wait.node,
        wait.instance_id,
        wait.activity_id,
        wait.kind,
        wait.name,
        wait.due,
        wait.retries,
        wait.created_at,
      );
    },
    delete: (rootId, wait) => void remove.run(rootId, wait),
    get: (rootId, wait) => get.get(rootId, wait),
    named(kind, name, { instanceId, businessKey }, limit) {
      // Of the many that may wait for this name, those of one instance are found by that.
      const isFew = (instanceId ?? businessKey ?? null) !== null;
      const unindexed = isFew ? '+' : '';
      const where = new Where()
        .is(`${unindexed}w.kind = ?`, kind)
        .is(`${unindexed}w.name = ?`, name)
        .is('w.instance_id = ?', instanceId ?? undefined)
        .is(
          'w.root_id = (SELECT root_id FROM engine_process_instance WHERE id = ?)',
          instanceId ?? undefined,
        )
        .is('i.business_key = ?', businessKey ?? undefined)
        .is(
          'w.root_id IN (SELECT root_id FROM engine_process_instance WHERE business_key = ?)',
          businessKey ?? undefined,
        );
      return select(where, 'w.root_id, w.wait', { maxResults: limit });
    },
    rootsOf: (signal, limit) => rootsOf.all(signal, limit),
    subscriptions(filter, execution, page) {
      const where = new Where()
        .when(true, "w.kind IN ('message', 'signal', 'conditional')")
        .is("w.root_id || ':event-' || w.wait = ?", filter.id)
        .is('w.kind = ?', filter.eventType)
        .is('w.name = ?', filter.eventName)
        .is('w.root_id = ?', execution?.rootId)
        .is('w.node = ?', execution?.node)
        .is('w.instance_id = ?', filter.processInstanceId)
        .is(
          'w.root_id = (SELECT root_id FROM engine_process_instance WHERE id = ?)',
          filter.processInstanceId,
        )
        .is('w.activity_id = ?', filter.activityId);
      return select(where, 'w.root_id, w.wait', page);
    },
    jobs(filter, execution, page) {
      return select(jobConditions(filter, execution), 'w.root_id, w.wait', page);
    },
    due: (now, limit) => due.all(now, limit),
    nextDue: (after) => nextDue.get(after) ?? null,
    setRetries: (rootId, wait, retries, at) => void setRetries.run({ rootId, wait, retries, at }),
    setDue: (rootId, wait, at) => void setDue.run(at, rootId, wait),
    fail: (rootId, wait, { retries, due }, message, at) =>
      void fail.run({ rootId, wait, retries, due, message, at }),
  };
}

function jobConditions(
  filter: Omit<JobFilter, 'executionId'>,
  execution: NodeRef | undefined,
): Where {
  return new Where()
    .when(true, "w.kind IN ('timer', 'job')")
    .isIn("w.root_id || ':job-' || w.wait", filter.ids)
    .isIn('w.instance_id', filter.processInstanceIds)
    .is(
      'w.root_id IN (SELECT root_id FROM engine_process_instance WHERE id IN (SELECT value FROM json_each(?)))',
      filter.processInstanceIds && JSON.stringify(filter.processInstanceIds),
    )
    .is('i.definition_id = ?', filter.definitionId)
    .is('i.process_key = ?', filter.processKey)
    .is('w.activity_id = ?', filter.activityId)
    .is('w.root_id = ?', execution?.rootId)
    .is('w.node = ?', execution?.node)
    .when(filter.timersOnly, "w.kind = 'timer'")
    .when(filter.messagesOnly, "w.kind = 'job'")
    .when(filter.withException, 'w.exception IS NOT NULL')
    .when(filter.noRetriesLeft, 'w.retries = 0')
    .when(filter.withRetriesLeft, 'w.retries > 0')
    .is('w.due < ?', filter.dueBefore)
    .is('w.due > ?', filter.dueAfter);
}
