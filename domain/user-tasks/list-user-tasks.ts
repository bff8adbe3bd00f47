import type { Engine, EngineUserTask, UserTaskCursor, UserTaskFilter } from '../engine/index.ts';
import { type FoundProcess, isEnded } from '../process/index.ts';
import type { createProcessOfTask } from './process-of-task.ts';

/** An open task, and the process that it belongs to. */
export interface OwnTask<Task extends EngineUserTask = EngineUserTask> {
  task: Task;
  correlationId: string;
}

export interface UserTaskPage {
  tasks: OwnTask[];
  /** Where the next page starts; null: there is no more. */
  next: UserTaskCursor | null;
}

/** Processes that are looked up at the same time. */
const CONCURRENCY = 16;
/** Pages of the engine that one of ours may take: most of an engine's tasks may be of other applications. */
const MAX_READS = 10;

/** A page of the tasks of pending processes that this service has started, oldest first; it may be short. */
export async function listUserTasks(
  filter: UserTaskFilter,
  { limit, after }: { limit: number; after?: UserTaskCursor | undefined },
  ports: {
    engine: Pick<Engine, 'listUserTasks'>;
    processOf: ReturnType<typeof createProcessOfTask>;
  },
): Promise<UserTaskPage> {
  const { engine, processOf } = ports;
  const tasks: OwnTask[] = [];
  let position = after;
  for (let reads = 0; reads < MAX_READS; reads++) {
    const found = await engine.listUserTasks(filter, { limit, after: position });
    const processes = await inGroups(found, processOf);
    for (const [index, task] of found.entries()) {
      if (tasks.length === limit) return { tasks, next: position ?? null };
      position = { createdAt: task.createdAt, id: task.id };
      const process = processes[index];
      if (process && !isEnded(process)) {
        tasks.push({ task, correlationId: process.correlationId });
      }
    }
    if (found.length < limit) return { tasks, next: null };
    if (tasks.length === limit) break;
  }
  return { tasks, next: position ?? null };
}

async function inGroups(
  tasks: readonly EngineUserTask[],
  find: (task: EngineUserTask) => Promise<FoundProcess | null>,
): Promise<(FoundProcess | null)[]> {
  const found: (FoundProcess | null)[] = [];
  for (let at = 0; at < tasks.length; at += CONCURRENCY) {
    found.push(...(await Promise.all(tasks.slice(at, at + CONCURRENCY).map(find))));
  }
  return found;
}
