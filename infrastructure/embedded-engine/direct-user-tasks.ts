import {
  type Candidates,
  changeUnlessGone,
  claimOrExplain,
  type EngineUserTask,
  type EngineUserTasks,
  pageOfUserTasks,
} from '../../domain/engine/index.ts';
import { type callDirectly, unlessGone } from './direct-call.ts';
import { toValues } from './direct-values.ts';
import type { EmbeddedEngine, UserTask } from './engine-api.ts';

/** User tasks by direct calls of the embedded engine. */
export function createDirectUserTasks(
  { userTasks }: Pick<EmbeddedEngine, 'userTasks'>,
  call: typeof callDirectly,
): EngineUserTasks {
  const find = (id: string) => unlessGone(() => call(() => userTasks.get(id)));

  return {
    listUserTasks(filter, page) {
      const { processKeys, assignee, candidateGroup, unassigned, dueBefore, dueAfter } = filter;
      const conditions = {
        processKeys,
        ...(assignee === undefined ? {} : { assignee }),
        ...(candidateGroup === undefined
          ? {}
          : { candidateGroups: [candidateGroup], includeAssignedTasks: true }),
        ...(unassigned ? { unassigned } : {}),
        ...(dueBefore === undefined ? {} : { dueBefore: Date.parse(dueBefore) }),
        ...(dueAfter === undefined ? {} : { dueAfter: Date.parse(dueAfter) }),
      };
      return pageOfUserTasks((after, maxResults) => {
        const createdAfter = after === undefined ? {} : { createdAfter: Date.parse(after) };
        const filter = { ...conditions, ...createdAfter };
        return call(() => userTasks.list(filter, { maxResults }).map(toTask));
      }, page);
    },
    async findUserTask(id) {
      const found = await find(id);
      return found && { ...toTask(found), ...candidatesOf(found) };
    },
    claimUserTask: (id, user) =>
      claimOrExplain(
        () => call(() => userTasks.claim(id, user)),
        () => find(id),
        user,
      ),
    unclaimUserTask: (id) =>
      changeUnlessGone(
        () => call(() => userTasks.unclaim(id)),
        () => find(id),
      ),
    completeUserTask: (id, variables) =>
      changeUnlessGone(
        () => call(() => userTasks.complete(id, toValues(variables))),
        () => find(id),
      ),
    isUserTaskCancelled: (id) => call(() => userTasks.isCancelled(id)),
  };
}

function toTask(task: UserTask): EngineUserTask {
  return {
    id: task.id,
    activityId: task.definitionKey,
    name: task.name,
    description: task.description,
    processKey: task.processKey,
    processInstanceId: task.processInstanceId,
    businessKey: task.businessKey,
    assignee: task.assignee,
    createdAt: new Date(task.createdAt).toISOString(),
    dueAt: task.due === null ? null : new Date(task.due).toISOString(),
    priority: task.priority,
    formKey: task.formKey,
  };
}

function candidatesOf({ candidateUsers, candidateGroups }: UserTask): Candidates {
  return { candidateUsers: [...candidateUsers], candidateGroups: [...candidateGroups] };
}
