import { z } from 'zod';
import { EngineUnavailableError } from '../../domain/common/index.ts';
import {
  type Candidates,
  changeUnlessGone,
  claimOrExplain,
  type EngineUserTask,
  type EngineUserTasks,
  isAnswer,
  pageOfUserTasks,
  toEngineVariables,
} from '../../domain/engine/index.ts';
import type { CallEngine } from './call-engine.ts';
import type { RestClient } from './rest-client.ts';
import { time, unlessUnknown } from './rest-inspection.ts';
import { createDefinitionKeys, runningAnswer } from './rest-root.ts';

const taskAnswer = z.object({
  id: z.string(),
  name: z.string().nullable(),
  description: z.string().nullable(),
  assignee: z.string().nullable(),
  created: time,
  due: time.nullable(),
  priority: z.number(),
  formKey: z.string().nullish(),
  taskDefinitionKey: z.string().nullable(),
  /** Null for a task of a case, or of nothing. */
  processInstanceId: z.string().nullable(),
});
type FoundTask = z.infer<typeof taskAnswer>;
const linksAnswer = z.array(
  z.object({ userId: z.string().nullable(), groupId: z.string().nullable(), type: z.string() }),
);

const endedAnswer = z.array(z.object({ deleteReason: z.string().nullable() }));
/** Why a task that somebody completed is gone; https://docs.camunda.org/manual/7.24/user-guide/process-engine/history/ */
const COMPLETED = 'completed';

const OLDEST_FIRST = [
  { sortBy: 'created', sortOrder: 'asc' },
  { sortBy: 'id', sortOrder: 'asc' },
];
/** Ids of the engines have digits; `count` and `report` are other paths. */
const ID = /^(?=.*\d)[\w:-]+$/;

/**
 * User tasks by the REST API.
 *
 * @param open a client for the calls of one question
 * @see https://docs.camunda.org/rest/camunda-bpm-platform/7.24/#tag/Task
 */
export function createRestUserTasks(
  open: () => Pick<RestClient, 'call' | 'change'>,
): EngineUserTasks {
  const keyOf = createDefinitionKeys();

  /** Tasks in the API have no business key. An instance that has just ended has none any more. */
  async function withInstances(
    call: CallEngine,
    found: readonly FoundTask[],
  ): Promise<EngineUserTask[]> {
    const ids = [...new Set(found.flatMap(({ processInstanceId }) => processInstanceId ?? []))];
    if (found.length === 0) return [];
    const path = `/process-instance?firstResult=0&maxResults=${ids.length}`;
    const running = await call(z.array(runningAnswer), 'POST', path, { processInstanceIds: ids });
    const byId = new Map(running.map((one) => [one.id, one]));
    const tasks: EngineUserTask[] = [];
    for (const task of found) {
      const instance = byId.get(task.processInstanceId ?? '');
      tasks.push({
        id: task.id,
        activityId: task.taskDefinitionKey ?? '',
        name: task.name,
        description: task.description,
        processKey: instance ? await keyOf(call, instance) : '',
        processInstanceId: task.processInstanceId ?? '',
        businessKey: instance?.businessKey ?? null,
        assignee: task.assignee,
        createdAt: task.created,
        dueAt: task.due,
        priority: task.priority,
        formKey: task.formKey ?? null,
      });
    }
    return tasks;
  }

  async function findTask(call: CallEngine, id: string): Promise<FoundTask | null> {
    return ID.test(id) ? unlessUnknown(() => call(taskAnswer, 'GET', `/task/${id}`)) : null;
  }

  /** Null when the task is gone since it was found, which the engine answers with an exception. */
  async function candidatesOf(call: CallEngine, id: string): Promise<Candidates | null> {
    const path = `/task/${id}/identity-links?type=candidate`;
    const links = await call(linksAnswer, 'GET', path).catch(async (error: unknown) => {
      if (isAnswer(error) && (await findTask(call, id)) === null) return null;
      throw error;
    });
    if (links === null) return null;
    return {
      candidateUsers: links.flatMap(({ userId }) => userId ?? []),
      candidateGroups: links.flatMap(({ groupId }) => groupId ?? []),
    };
  }

  return {
    async listUserTasks(filter, page) {
      const call = question(open());
      const { candidateGroup, unassigned, dueBefore, dueAfter } = filter;
      const conditions = {
        processDefinitionKeyIn: filter.processKeys,
        assignee: filter.assignee,
        ...(candidateGroup === undefined ? {} : { candidateGroup, includeAssignedTasks: true }),
        ...(unassigned ? { unassigned } : {}),
        dueBefore: dueBefore && camundaTime(dueBefore),
        dueAfter: dueAfter && camundaTime(dueAfter),
        sorting: OLDEST_FIRST,
      };
      const tasks = await pageOfUserTasks(async (after, maxResults) => {
        const path = `/task?firstResult=0&maxResults=${maxResults}`;
        const createdAfter = after && camundaTime(after);
        const body = { ...conditions, createdAfter };
        const rows = await call(z.array(taskAnswer), 'POST', path, body);
        return rows.map((row) => ({ ...row, createdAt: row.created }));
      }, page);
      return withInstances(call, tasks);
    },
    async findUserTask(id) {
      const call = question(open());
      const found = await findTask(call, id);
      const [task] = found ? await withInstances(call, [found]) : [];
      const candidates = task ? await candidatesOf(call, id) : null;
      return task && candidates ? { ...task, ...candidates } : null;
    },
    async claimUserTask(id, user) {
      const { call } = open();
      if (!ID.test(id)) return 'gone';
      // Made once: what the engine refuses here it also answers with an exception of its own.
      return claimOrExplain(
        () => call(z.null(), 'POST', `/task/${id}/claim`, { userId: user }),
        () => findTask(call, id),
        user,
      );
    },
    async unclaimUserTask(id) {
      const { call } = open();
      if (!ID.test(id)) return false;
      return changeUnlessGone(
        () => call(z.null(), 'POST', `/task/${id}/unclaim`),
        () => findTask(call, id),
      );
    },
    async completeUserTask(id, variables) {
      const { call, change } = open();
      if (!ID.test(id)) return false;
      const body = { variables: toEngineVariables(variables) };
      const complete = (by: CallEngine) => by(z.null(), 'POST', `/task/${id}/complete`, body);
      return changeUnlessGone(
        // A task that is gone is an exception of the engine, too, and not worth another attempt.
        () =>
          complete(call).catch(async (error: unknown) => {
            if (!isAnswer(error) || (await findTask(call, id)) === null) throw error;
            await complete(change);
          }),
        () => findTask(call, id),
      );
    },
    async isUserTaskCancelled(id) {
      const call = question(open());
      const path = `/history/task?taskId=${encodeURIComponent(id)}&finished=true`;
      // The REST API of the embedded engine has no such list.
      const [ended] = (await unlessUnknown(() => call(endedAnswer, 'GET', path))) ?? [];
      return (ended?.deleteReason ?? COMPLETED) !== COMPLETED;
    },
  };
}

/** Calls that only ask, though some are sent with POST: when no answer comes, nothing has happened. */
function question({ call }: Pick<RestClient, 'call'>): CallEngine {
  return (...given) =>
    call(...given).catch((error: unknown) => {
      if (!(error instanceof EngineUnavailableError) || error.outcome !== 'unknown') throw error;
      throw new EngineUnavailableError(error.message, { cause: error, outcome: 'nothing-done' });
    });
}

function camundaTime(time: string): string {
  return time.replace('Z', '+0000');
}
