import { textValue, type Value, visibleVariables } from '../../domain/bpmn/index.ts';
import { cutText } from '../../domain/common/index.ts';
import type { ExternalTask, ExternalTaskFilter, ExternalTaskService, Page } from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { badRequest, notFound } from './errors.ts';
import { viewExternalTask } from './external-task-view.ts';
import type { Fetches } from './fetch-and-lock.ts';
import { nodeId, readNodeId } from './public-ids.ts';
import type { ExternalTaskRow } from './store/rows.ts';
import type { NodeRef } from './store/wait-rows.ts';
import type { QueuedTask, TaskQueues } from './task-queues.ts';
import type { BadRequest } from './typed-value.ts';

/** Camunda's sentences, from the names of the task and its worker. */
type Refusal = (task: string, worker: string) => string;
const REFUSALS = {
  complete: (task, worker) => `${task} cannot be completed by worker '${worker}'`,
  fail: (task, worker) => `Failure of ${task} cannot be reported by worker '${worker}'`,
  throwError: (task, worker) => `Bpmn error of ${task} cannot be reported by worker '${worker}'`,
  // With one quote too many, as Camunda has it.
  extendLock: (task, worker) => `The lock of the ${task} cannot be extended by worker '${worker}''`,
  lock: (task, worker) => `${task} cannot be locked by worker '${worker}'`,
} satisfies Record<string, Refusal>;
/** Characters that Camunda keeps of an error message. */
const MAX_ERROR_MESSAGE = 666;

export function createExternalTasks(
  core: EngineCore,
  queues: TaskQueues,
  fetches: Fetches,
): ExternalTaskService {
  const { store, definitions, now } = core;

  function rowOf(id: string): ExternalTaskRow {
    const ref = readNodeId(id);
    const row = ref && store.externalTasks.get(ref.rootId, ref.node);
    if (!row) throw noTask(id);
    return row;
  }

  /** The worker that locked a task last may end it, also after the lock ran out, as in Camunda. */
  function lockedRef(id: string, workerId: string, refusal: Refusal): NodeRef {
    const ref = readNodeId(id);
    if (!ref || !store.externalTasks.has(ref.rootId, ref.node)) throw noTask(id);
    const locker = queues.get(id)?.workerId ?? null;
    if (locker === workerId) return ref;
    const refused = refusal(`External Task ${id}`, workerId);
    throw badRequest(`${refused}. It is locked by worker '${locker}'.`);
  }

  function taskOf(row: ExternalTaskRow): QueuedTask {
    return queues.get(view(row).id) ?? queues.remember(row);
  }

  function view(row: ExternalTaskRow): ExternalTask {
    return viewExternalTask(row, queues.get(nodeId(row.root_id, row.node)), definitions);
  }

  function rows(filter: ExternalTaskFilter, page?: Page): ExternalTask[] {
    const { locked, notLocked, workerId } = filter;
    if (!locked && !notLocked && workerId === undefined) {
      return store.externalTasks.list(filter, page).map(view);
    }
    // Locks are in memory.
    const at = now();
    const isLocked = (task: ExternalTask): boolean => (task.lockedUntil ?? 0) > at;
    const found = store.externalTasks
      .list(filter)
      .map(view)
      .filter((task) => (workerId ?? task.workerId) === task.workerId)
      .filter((task) => (!locked || isLocked(task)) && (!notLocked || !isLocked(task)));
    const from = page?.firstResult ?? 0;
    return found.slice(from, from + (page?.maxResults ?? found.length));
  }

  return {
    fetchAndLock: (request) => fetches.fetch(request),
    complete: (id, workerId, variables, locals) =>
      core.run((unit) => {
        const { rootId, node } = lockedRef(id, workerId, REFUSALS.complete);
        unit.step(rootId, {
          kind: 'complete',
          node,
          variables,
          ...(locals ? { locals } : {}),
          // Read only when the task has error definitions of its own.
          get externalTask() {
            return factsOf(rowOf(id), workerId);
          },
        });
      }),
    bpmnError: (id, workerId, { code, message }, variables) =>
      core.run((unit) => {
        const { rootId, node } = lockedRef(id, workerId, REFUSALS.throwError);
        unit.step(rootId, { kind: 'error', node, code, message, variables });
      }),
    async failure(id, workerId, failure) {
      const { retries, errorDetails, variables, localVariables } = failure;
      const message = failure.errorMessage
        ? cutText(failure.errorMessage, MAX_ERROR_MESSAGE)
        : null;
      const at = await core.run((unit) => {
        const { rootId, node } = lockedRef(id, workerId, REFUSALS.fail);
        const row = rowOf(id);
        const facts = factsOf({ ...row, error_message: message, retries }, workerId, errorDetails);
        unit.step(rootId, {
          kind: 'failed',
          node,
          ...(variables ? { variables } : {}),
          ...(localVariables ? { locals: localVariables } : {}),
          externalTask: facts,
        });
        // Reported again, as after a lost answer, it is the same failure.
        const isSame = row.retries === 0 && retries === 0;
        const failedAt = isSame ? (row.failed_at ?? unit.now) : unit.now;
        const availableAt = unit.now + failure.retryTimeout;
        unit.defer(() =>
          store.externalTasks.fail(rootId, node, {
            retries,
            message,
            details: errorDetails,
            at: failedAt,
            availableAt,
          }),
        );
        return availableAt;
      });
      const task = queues.get(id);
      if (!task) return;
      task.row = null;
      // The pause is a lock of the worker who failed, as in Camunda, so that he may still end the task.
      queues.lock(task, workerId, at);
      if (retries === 0) queues.block(task);
      else queues.unblock(task);
      queues.release(task);
      fetches.serve();
    },
    extendLock(id, workerId, duration) {
      lockedRef(id, workerId, REFUSALS.extendLock);
      const task = queues.get(id);
      if (!task || task.lockedUntil <= now()) {
        const late = `lockExpirationTime is not greater than or equal to ${now()}`;
        throw badRequest(`Cannot extend a lock that expired: ${late}`);
      }
      queues.lock(task, workerId, now() + duration);
    },
    lock(id, workerId, duration) {
      const row = rowOf(id);
      const task = taskOf(row);
      if (task.workerId !== workerId && task.lockedUntil > now()) {
        lockedRef(id, workerId, REFUSALS.lock);
      }
      queues.lock(task, workerId, now() + duration);
    },
    async unlock(id) {
      const row = rowOf(id);
      const task = taskOf(row);
      if (row.available_at > now()) {
        await core.run((unit) => {
          unit.defer(() => store.externalTasks.setAvailable(row.root_id, row.node, unit.now));
        });
      }
      task.row = null;
      task.workerId = null;
      task.lockedUntil = 0;
      queues.release(task);
      fetches.serve();
    },
    async setRetries(id, retries) {
      await core.run((unit) => {
        const { root_id: rootId, node } = rowOf(id);
        unit.defer(() => store.externalTasks.setRetries(rootId, node, retries, unit.now));
      });
      const task = taskOf(rowOf(id));
      task.row = null;
      if (retries === 0) queues.block(task);
      else queues.unblock(task);
      queues.release(task);
      fetches.serve();
    },
    async setPriority(id, priority) {
      await core.run((unit) => {
        const { root_id: rootId, node } = rowOf(id);
        unit.defer(() => store.externalTasks.setPriority(rootId, node, priority));
      });
      const task = queues.get(id);
      const { workerId, lockedUntil } = task ?? { workerId: null, lockedUntil: 0 };
      queues.closed(id);
      const moved = queues.remember(rowOf(id));
      if (lockedUntil > now()) queues.lock(moved, workerId, lockedUntil);
      moved.workerId = workerId;
      queues.release(moved);
      fetches.serve();
    },
    list: rows,
    count: (filter) =>
      filter.locked || filter.notLocked || filter.workerId !== undefined
        ? rows(filter).length
        : store.externalTasks.count(filter),
    get: (id) => view(rowOf(id)),
    errorDetails: (id) => rowOf(id).error_details,
    variables(id) {
      const { root_id: rootId, node } = rowOf(id);
      const state = core.states.get(rootId)?.state;
      return state ? visibleVariables(state, node) : {};
    },
  };
}

function noTask(id: string): BadRequest {
  return notFound(`External task with id ${id} does not exist`);
}

/** What a task's own error definitions may ask of it. */
function factsOf(
  row: ExternalTaskRow,
  workerId: string,
  errorDetails: string | null = row.error_details,
): Record<string, Value> {
  return {
    id: textValue(nodeId(row.root_id, row.node)),
    activityId: textValue(row.activity_id),
    topicName: textValue(row.topic),
    workerId: textValue(workerId),
    businessKey: textValue(row.business_key),
    errorMessage: textValue(row.error_message),
    errorDetails: textValue(errorDetails),
    retries:
      row.retries === null
        ? { type: 'Null', value: null }
        : { type: 'Integer', value: row.retries },
    priority: { type: 'Long', value: row.priority },
  };
}
