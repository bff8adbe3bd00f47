import type { TaskRow } from './engine-store.ts';

/** An open external task with its lock. Locks live in memory: their holders die with the process. */
export interface Task extends TaskRow {
  workerId: string | null;
  /** Milliseconds since the epoch; in the past or 0: free. */
  lockedUntil: number;
}

interface TopicRequest {
  topicName: string;
  /** Milliseconds. */
  lockDuration: number;
  /** Only tasks of these processes; left out: of all. */
  processDefinitionKeyIn?: readonly string[] | null | undefined;
}

interface FetchRequest {
  workerId: string;
  maxTasks: number;
  topics: readonly TopicRequest[];
}

interface Fetch {
  tasks: Promise<Task[]>;
  /** The caller is gone: takes nothing more. */
  cancel(): void;
}

export interface TaskBoard {
  add(tasks: readonly Task[]): void;
  remove(id: string): void;
  get(id: string): Task | undefined;
  all(): Iterable<Task>;
  ofInstance(instanceId: string): Task[];
  /** Locks what there is; with nothing there, waits up to `waitMs` for something. */
  fetch(request: FetchRequest, waitMs: number): Fetch;
  /** Looks again whether waiting callers can be served: after a lock was given up. */
  serve(): void;
  /** Answers all who wait, with nothing. */
  close(): void;
}

interface Waiting {
  request: FetchRequest;
  finish: (tasks: Task[]) => void;
}

/** How often the board looks for expired locks while a worker waits. */
const EXPIRY_POLL_INTERVAL_MS = 100;

/** The open external tasks by topic, and the long polls that wait for them, first come first served. */
export function createTaskBoard(
  now: () => number,
  processKeyOf: (instanceId: string) => string,
): TaskBoard {
  const tasks = new Map<string, Task>();
  const topics = new Map<string, Set<Task>>();
  const instances = new Map<string, Set<Task>>();
  const waiting = new Set<Waiting>();
  let look: NodeJS.Timeout | undefined;

  function lock(request: FetchRequest): Task[] {
    const at = now();
    const taken: Task[] = [];
    for (const { topicName, lockDuration, processDefinitionKeyIn: keys } of request.topics) {
      for (const task of topics.get(topicName) ?? []) {
        if (taken.length >= request.maxTasks) return taken;
        if (task.lockedUntil > at || task.available_at > at || task.retries === 0) continue;
        if (keys && !keys.includes(processKeyOf(task.instance_id))) continue;
        task.workerId = request.workerId;
        task.lockedUntil = at + lockDuration;
        taken.push(task);
      }
    }
    return taken;
  }

  function serve(): void {
    for (const waiter of waiting) {
      const taken = lock(waiter.request);
      if (taken.length > 0) waiter.finish(taken);
    }
    clearTimeout(look);
    look = undefined;
    // Only an expired lock, or the end of a failed task's retry delay, makes a task free without a call.
    if (waiting.size > 0 && tasks.size > 0) look = setTimeout(serve, EXPIRY_POLL_INTERVAL_MS);
  }

  return {
    add(added) {
      for (const task of added) {
        tasks.set(task.id, task);
        put(topics, task.topic, task);
        put(instances, task.instance_id, task);
      }
      if (waiting.size > 0) serve();
    },
    remove(id) {
      const task = tasks.get(id);
      if (!task) return;
      tasks.delete(id);
      topics.get(task.topic)?.delete(task);
      const others = instances.get(task.instance_id);
      if (others?.delete(task) && others.size === 0) instances.delete(task.instance_id);
    },
    get: (id) => tasks.get(id),
    all: () => tasks.values(),
    ofInstance: (instanceId) => [...(instances.get(instanceId) ?? [])],
    fetch(request, waitMs) {
      const taken = lock(request);
      if (taken.length > 0 || waitMs <= 0) {
        return { tasks: Promise.resolve(taken), cancel: () => {} };
      }
      let waiter: Waiting | undefined;
      let timer: NodeJS.Timeout | undefined;
      const leave = (): void => {
        clearTimeout(timer);
        if (waiter) waiting.delete(waiter);
      };
      const result = new Promise<Task[]>((resolve) => {
        waiter = {
          request,
          finish(found) {
            leave();
            resolve(found);
          },
        };
        waiting.add(waiter);
        timer = setTimeout(waiter.finish, waitMs, []);
      });
      if (!look && tasks.size > 0) look = setTimeout(serve, EXPIRY_POLL_INTERVAL_MS);
      return { tasks: result, cancel: leave };
    },
    serve,
    close() {
      clearTimeout(look);
      for (const waiter of waiting) waiter.finish([]);
    },
  };
}

function put(groups: Map<string, Set<Task>>, key: string, task: Task): void {
  const group = groups.get(key);
  if (group) group.add(task);
  else groups.set(key, new Set([task]));
}
