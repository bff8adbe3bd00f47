import type { UserTask, UserTaskService } from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { engineFailure, isNull, missing } from './errors.ts';
import { nodeId, readNodeId } from './public-ids.ts';
import type { UserTaskRow } from './store/rows.ts';
import type { Unit } from './unit-of-work.ts';

export function createUserTasks(core: EngineCore): UserTaskService {
  const { userTasks, instances } = core.store;

  function find(id: string): UserTaskRow | undefined {
    const ref = readNodeId(id);
    return ref && userTasks.get(ref.rootId, ref.node);
  }

  function view(row: UserTaskRow): UserTask {
    const candidates = userTasks.candidates(row.root_id, row.node);
    const named = (kind: 'user' | 'group') =>
      candidates.filter((one) => one.kind === kind).map(({ candidate }) => candidate);
    return {
      id: nodeId(row.root_id, row.node),
      name: row.name,
      description: row.description,
      definitionKey: row.activity_id,
      processInstanceId: row.instance_id,
      rootProcessInstanceId: row.root_id,
      definitionId: row.definition_id,
      processKey: row.process_key,
      businessKey: row.business_key,
      assignee: row.assignee,
      owner: row.owner,
      candidateUsers: named('user'),
      candidateGroups: named('group'),
      createdAt: row.created_at,
      due: row.due,
      followUp: row.follow_up,
      priority: row.priority,
      formKey: row.form_key,
    };
  }

  /** Does `change` with a task, in the next commit. */
  function withTask(id: string, change: (row: UserTaskRow, unit: Unit) => void): Promise<void> {
    return core.run((unit) => {
      const row = find(id);
      if (!row) throw isNull(`Cannot find task with id ${id}: task`);
      change(row, unit);
    });
  }

  /** A change of the row alone. */
  function update(id: string, change: (rootId: string, node: number) => void): Promise<void> {
    return withTask(id, (row, unit) => unit.defer(() => change(row.root_id, row.node)));
  }

  return {
    list: (filter, page, order) => userTasks.list(filter, page, order).map(view),
    count: (filter) => userTasks.count(filter),
    get(id) {
      const row = find(id);
      if (!row) throw missing(`No matching task with id ${id}`);
      return view(row);
    },
    waitingRoots: (rootIds) => userTasks.waitingRoots(rootIds),
    isCancelled(id) {
      const ref = readNodeId(id);
      return ref !== undefined && instances.isCancelled(ref.rootId, ref.node);
    },
    claim: (id, userId) =>
      withTask(id, ({ root_id: rootId, node, assignee }, unit) => {
        if (assignee !== null && assignee !== userId) {
          throw engineFailure(`Task '${id}' is already claimed by someone else.`);
        }
        unit.defer(() => userTasks.update(rootId, node, { assignee: userId }));
      }),
    unclaim: (id) => update(id, (...task) => userTasks.update(...task, { assignee: null })),
    setAssignee: (id, assignee) => update(id, (...task) => userTasks.update(...task, { assignee })),
    update: (id, change) => update(id, (...task) => userTasks.update(...task, change)),
    addCandidate: (id, kind, candidate) =>
      update(id, (...task) => userTasks.addCandidate(...task, kind, candidate)),
    removeCandidate: (id, kind, candidate) =>
      update(id, (...task) => userTasks.removeCandidate(...task, kind, candidate)),
    complete: (id, variables) =>
      withTask(id, ({ root_id: rootId, node }, unit) =>
        unit.step(rootId, { kind: 'complete', node, variables }),
      ),
    bpmnError: (id, { code, message }, variables) =>
      withTask(id, ({ root_id: rootId, node }, unit) =>
        unit.step(rootId, { kind: 'error', node, code, message, variables }),
      ),
    escalation: (id, code, variables) =>
      withTask(id, ({ root_id: rootId, node }, unit) =>
        unit.step(rootId, { kind: 'escalation', node, code, variables }),
      ),
  };
}
