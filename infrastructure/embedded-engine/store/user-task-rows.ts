import type BetterSqlite3 from 'better-sqlite3';
import type { UserTaskFields } from '../../../domain/bpmn/index.ts';
import type { Page, UserTaskChange, UserTaskFilter, UserTaskOrder } from '../engine-api.ts';
import type { UserTaskRow } from './rows.ts';
import { limitOf, Where } from './where.ts';

type OpenedTask = Pick<
  UserTaskRow,
  'root_id' | 'node' | 'instance_id' | 'activity_id' | 'created_at'
>;
type CandidateKind = 'user' | 'group';

export interface UserTaskRows {
  insert(task: OpenedTask, fields: UserTaskFields): void;
  delete(rootId: string, node: number): void;
  get(rootId: string, node: number): UserTaskRow | undefined;
  candidates(rootId: string, node: number): { kind: CandidateKind; candidate: string }[];
  update(rootId: string, node: number, change: UserTaskChange): void;
  addCandidate(rootId: string, node: number, kind: CandidateKind, candidate: string): void;
  removeCandidate(rootId: string, node: number, kind: CandidateKind, candidate: string): void;
  list(filter: UserTaskFilter, page?: Page, order?: readonly UserTaskOrder[]): UserTaskRow[];
  count(filter: UserTaskFilter): number;
  /** Those of these roots with an open user task, without an external task, and without a job that has failed. */
  waitingRoots(rootIds: readonly string[]): string[];
}

const SELECT = `SELECT t.*, i.definition_id, i.process_key, i.business_key, i.node AS instance_node
  FROM engine_user_task t JOIN engine_process_instance i ON i.id = t.instance_id`;
const ONE = 'WHERE root_id = ? AND node = ?';
const COLUMNS = {
  name: 'name',
  description: 'description',
  assignee: 'assignee',
  owner: 'owner',
  due: 'due',
  followUp: 'follow_up',
  priority: 'priority',
} as const satisfies Record<keyof UserTaskChange, keyof UserTaskRow>;
const ORDERS = {
  created: 't.created_at',
  due: 't.due',
  priority: 't.priority',
  name: 't.name',
  assignee: 't.assignee',
  followUp: 't.follow_up',
  id: 't.root_id',
} as const satisfies Record<UserTaskOrder['by'], string>;

export function createUserTaskRows(db: BetterSqlite3.Database): UserTaskRows {
  const insert = db.prepare(
    `INSERT INTO engine_user_task (root_id, node, instance_id, activity_id, name, description, assignee,
       due, follow_up, priority, form_key, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const addCandidate = db.prepare(
    'INSERT OR IGNORE INTO engine_candidate (root_id, node, kind, candidate) VALUES (?, ?, ?, ?)',
  );
  const removeCandidate = db.prepare(
    `DELETE FROM engine_candidate ${ONE} AND kind = ? AND candidate = ?`,
  );
  const waitingRoots = db
    .prepare<[string], string>(
      `SELECT DISTINCT root_id FROM engine_user_task t
       WHERE root_id IN (SELECT value FROM json_each(?))
         AND NOT EXISTS (SELECT 1 FROM engine_external_task e WHERE e.root_id = t.root_id)
         AND NOT EXISTS
           (SELECT 1 FROM engine_wait w WHERE w.root_id = t.root_id AND w.exception IS NOT NULL)`,
    )
    .pluck();
  const remove = db.prepare(`DELETE FROM engine_user_task ${ONE}`);
  const removeCandidates = db.prepare(`DELETE FROM engine_candidate ${ONE}`);
  const get = db.prepare<[string, number], UserTaskRow>(
    `${SELECT} WHERE t.root_id = ? AND t.node = ?`,
  );
  const candidates = db.prepare<[string, number], { kind: CandidateKind; candidate: string }>(
    `SELECT kind, candidate FROM engine_candidate ${ONE}`,
  );

  return {
    insert(task, fields) {
      const { root_id: rootId, node } = task;
      insert.run(
        rootId,
        node,
        task.instance_id,
        task.activity_id,
        fields.name,
        fields.description,
        fields.assignee,
        fields.due,
        fields.followUp,
        fields.priority,
        fields.formKey,
        task.created_at,
      );
      for (const user of fields.candidateUsers) addCandidate.run(rootId, node, 'user', user);
      for (const group of fields.candidateGroups) addCandidate.run(rootId, node, 'group', group);
    },
    delete(rootId, node) {
      remove.run(rootId, node);
      removeCandidates.run(rootId, node);
    },
    get: (rootId, node) => get.get(rootId, node),
    candidates: (rootId, node) => candidates.all(rootId, node),
    update(rootId, node, change) {
      for (const [name, column] of Object.entries(COLUMNS)) {
        const value = change[name as keyof UserTaskChange];
        if (value === undefined) continue;
        db.prepare(`UPDATE engine_user_task SET ${column} = ? ${ONE}`).run(value, rootId, node);
      }
    },
    addCandidate: (rootId, node, kind, candidate) =>
      void addCandidate.run(rootId, node, kind, candidate),
    removeCandidate: (rootId, node, kind, candidate) =>
      void removeCandidate.run(rootId, node, kind, candidate),
    list(filter, page, order = []) {
      const where = conditions(filter);
      const by = [
        ...order.map((one) => `${ORDERS[one.by]} ${one.descending ? 'DESC' : 'ASC'}`),
        ...['t.created_at', 't.root_id', 't.node'],
      ];
      return db
        .prepare<unknown[], UserTaskRow>(
          `${SELECT} ${where.sql} ORDER BY ${by.join(', ')} LIMIT ? OFFSET ?`,
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
    waitingRoots: (rootIds) => waitingRoots.all(JSON.stringify(rootIds)),
  };
}

const HAS_CANDIDATE = `EXISTS (SELECT 1 FROM engine_candidate c
  WHERE c.root_id = t.root_id AND c.node = t.node AND c.kind =`;

function conditions(filter: UserTaskFilter): Where {
  // Tasks of candidates are those that nobody has claimed.
  const ofCandidates =
    filter.candidateUser !== undefined ||
    filter.candidateGroups !== undefined ||
    filter.withCandidateGroups ||
    filter.withCandidateUsers ||
    filter.withoutCandidateGroups ||
    filter.withoutCandidateUsers;
  return new Where()
    .isIn("t.root_id || ':' || t.node", filter.ids)
    .is('t.assignee = ?', filter.assignee)
    .when(filter.assigned, 't.assignee IS NOT NULL')
    .when(filter.unassigned, 't.assignee IS NULL')
    .when(ofCandidates && !filter.includeAssignedTasks, 't.assignee IS NULL')
    .is(candidate('user', '= ?'), filter.candidateUser)
    .is(
      candidate('group', 'IN (SELECT value FROM json_each(?))'),
      filter.candidateGroups && JSON.stringify(filter.candidateGroups),
    )
    .when(filter.withCandidateGroups, `${HAS_CANDIDATE} 'group')`)
    .when(filter.withoutCandidateGroups, `NOT ${HAS_CANDIDATE} 'group')`)
    .when(filter.withCandidateUsers, `${HAS_CANDIDATE} 'user')`)
    .when(filter.withoutCandidateUsers, `NOT ${HAS_CANDIDATE} 'user')`)
    .isIn('t.instance_id', filter.processInstanceIds)
    .is(
      't.root_id IN (SELECT root_id FROM engine_process_instance WHERE id IN (SELECT value FROM json_each(?)))',
      filter.processInstanceIds && JSON.stringify(filter.processInstanceIds),
    )
    .is('i.business_key = ?', filter.businessKey)
    .isIn('i.process_key', filter.processKeys)
    .is('i.definition_id = ?', filter.definitionId)
    .isIn('t.activity_id', filter.definitionKeys)
    .is('t.name = ?', filter.name)
    .is('t.name LIKE ?', filter.nameLike)
    .is('t.priority = ?', filter.priority)
    .is('t.priority >= ?', filter.minPriority)
    .is('t.priority <= ?', filter.maxPriority)
    .is('t.due < ?', filter.dueBefore)
    .is('t.due > ?', filter.dueAfter)
    .is('t.follow_up < ?', filter.followUpBefore)
    .is('t.follow_up > ?', filter.followUpAfter)
    .is('t.created_at < ?', filter.createdBefore)
    .is('t.created_at > ?', filter.createdAfter);
}

function candidate(kind: CandidateKind, condition: string): string {
  return `(t.root_id, t.node) IN
    (SELECT root_id, node FROM engine_candidate WHERE kind = '${kind}' AND candidate ${condition})`;
}
