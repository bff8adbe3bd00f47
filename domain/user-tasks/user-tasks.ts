import type {
  Candidates,
  Engine,
  EngineUserTask,
  EngineUserTasks,
  UserTaskCursor,
  UserTaskFilter,
} from '../engine/index.ts';
import type { EventStore, FindProcess } from '../process/index.ts';
import { keysOf, type ProcessDefinition } from '../steps/index.ts';
import { type Completion, type CompletionAnswer, completeTask } from './complete-user-task.ts';
import { listUserTasks, type OwnTask, type UserTaskPage } from './list-user-tasks.ts';
import { createProcessOfTask } from './process-of-task.ts';

/** A task with those who may claim it. */
export type FoundTask = OwnTask<EngineUserTask & Candidates>;

/** `gone`: no open task of a process of ours. */
type Changed = { kind: 'done'; found: FoundTask } | { kind: 'taken' | 'gone' };

type TaskFilter = Omit<UserTaskFilter, 'processKeys'> & { processKey?: string | undefined };

/** The user tasks of the processes that this service has started, on either engine. */
export interface UserTasks {
  list(
    filter: TaskFilter,
    page: { limit: number; after?: UserTaskCursor | undefined },
  ): Promise<UserTaskPage>;
  find(id: string): Promise<FoundTask | null>;
  claim(id: string, user: string): Promise<Changed>;
  unclaim(id: string): Promise<Changed>;
  complete(completion: Completion): Promise<CompletionAnswer>;
}

export function createUserTasks(options: {
  engine: EngineUserTasks & Pick<Engine, 'findRoot'>;
  eventStore: EventStore;
  findProcess: FindProcess;
  definitions: readonly ProcessDefinition[];
}): UserTasks {
  const { engine, definitions } = options;
  const ports = { ...options, processOf: createProcessOfTask(options) };
  const ownKeys = definitions.flatMap(keysOf);

  async function find(id: string): Promise<FoundTask | null> {
    const task = await engine.findUserTask(id);
    const process = task && (await ports.processOf(task));
    return process ? { task, correlationId: process.correlationId } : null;
  }

  return {
    list: ({ processKey, ...filter }, page) =>
      listUserTasks({ ...filter, processKeys: processKey ? [processKey] : ownKeys }, page, ports),
    find,
    async claim(id, user) {
      const found = await find(id);
      if (!found) return { kind: 'gone' };
      const answer = await engine.claimUserTask(id, user);
      return answer === 'claimed' ? assignedTo(user, found) : { kind: answer };
    },
    async unclaim(id) {
      const found = await find(id);
      const isDone = found !== null && (await engine.unclaimUserTask(id));
      return isDone ? assignedTo(null, found) : { kind: 'gone' };
    },
    complete: (completion) => completeTask(completion, ports),
  };
}

function assignedTo(assignee: string | null, { task, correlationId }: FoundTask): Changed {
  return { kind: 'done', found: { task: { ...task, assignee }, correlationId } };
}
