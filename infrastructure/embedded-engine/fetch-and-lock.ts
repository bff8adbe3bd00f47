import { localVariables, type Values, visibleVariables } from '../../domain/bpmn/index.ts';
import type { Fetch, FetchRequest, LockedTask, TopicRequest } from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { viewExternalTask } from './external-task-view.ts';
import { findNode } from './states.ts';
import type { ExternalTaskRow } from './store/rows.ts';
import type { QueuedTask, TaskQueues } from './task-queues.ts';

interface Waiting {
  readonly request: FetchRequest;
  readonly topics: ReadonlySet<string>;
  readonly finish: (tasks: LockedTask[]) => void;
}

export interface Fetches {
  fetch(request: FetchRequest): Fetch;
  /** Looks whether those who wait can be served. @param topics only those who wait for these */
  serve(topics?: ReadonlySet<string>): void;
  /** Answers all who wait, with nothing. */
  close(): void;
}

/** How often expired locks are looked for while a worker waits. */
const EXPIRY_POLL_INTERVAL_MS = 100;

/** The fetches of workers, and the long polls among them, first come first served. */
export function createFetches(core: EngineCore, queues: TaskQueues): Fetches {
  const { store, states, definitions, now, log } = core;
  const waiting = new Set<Waiting>();
  let poll: NodeJS.Timeout | undefined;
  let closed = false;

  function take(request: FetchRequest, topics: ReadonlySet<string>): LockedTask[] {
    const taken: LockedTask[] = [];
    if (request.maxTasks < 1) return taken;
    const order = {
      usePriority: request.usePriority ?? true,
      newestFirst: request.createTime === 'desc',
      oldestInstanceFirst: request.createTime === undefined,
    };
    for (const task of queues.candidates(topics, order)) {
      const found = tryToLock(request, task);
      if (found) taken.push(found);
      if (taken.length >= request.maxTasks) break;
    }
    return taken;
  }

  /** @returns undefined when it is not for this worker, or is gone */
  function tryToLock(request: FetchRequest, task: QueuedTask): LockedTask | undefined {
    const topic = request.topics.find((one) => one.topicName === task.topic && fits(one, task));
    if (!topic) return undefined;
    const row = task.row ?? store.externalTasks.get(task.rootId, task.node);
    if (!row) {
      queues.closed(task.id);
      return undefined;
    }
    try {
      return lock(request.workerId, topic, task, row);
    } catch (error) {
      queues.block(task);
      log.error({ err: error, externalTaskId: task.id }, 'engine: could not read a task');
      return undefined;
    }
  }

  function fits(topic: TopicRequest, task: QueuedTask): boolean {
    const { processDefinitionKeyIn: keys, processDefinitionIdIn: ids, businessKey } = topic;
    if (keys && !keys.includes(task.processKey)) return false;
    if (ids && !ids.includes(task.definitionId)) return false;
    if (businessKey !== undefined && businessKey !== null && businessKey !== task.businessKey) {
      return false;
    }
    const { versionTag } = topic;
    if (versionTag === undefined) return true;
    return (definitions.find(task.definitionId)?.versionTag ?? null) === versionTag;
  }

  function lock(
    workerId: string,
    topic: TopicRequest,
    task: QueuedTask,
    row: ExternalTaskRow,
  ): LockedTask | undefined {
    const state = states.get(task.rootId)?.state;
    if (!state || !findNode(state, task.node))
      throw new Error('its process instance has no such task');
    if (topic.processVariables) {
      const all = visibleVariables(state, row.instance_node);
      if (!hasOneOf(all, topic.processVariables)) return undefined;
    }
    const read = topic.localVariables ? localVariables : visibleVariables;
    const variables = only(read(state, task.node), topic.variables);
    queues.lock(task, workerId, now() + topic.lockDuration);
    return {
      ...viewExternalTask(row, task, definitions),
      errorDetails: row.error_details,
      variables,
    };
  }

  function serve(topics?: ReadonlySet<string>): void {
    for (const waiter of waiting) {
      if (topics && !intersects(topics, waiter.topics)) continue;
      const taken = take(waiter.request, waiter.topics);
      if (taken.length > 0) waiter.finish(taken);
    }
    watch();
  }

  /** Only an expired lock, or the end of a failed task's retry delay, makes a task free without a call. */
  function watch(): void {
    if (poll || closed || waiting.size === 0 || !queues.expects) return;
    poll = setTimeout(() => {
      poll = undefined;
      serve();
    }, EXPIRY_POLL_INTERVAL_MS);
  }

  return {
    fetch(request) {
      const topics = new Set(request.topics.map(({ topicName }) => topicName));
      const taken = take(request, topics);
      const waitMs = request.asyncResponseTimeout ?? 0;
      if (taken.length > 0 || waitMs <= 0 || closed) {
        return { tasks: Promise.resolve(taken), cancel: () => {} };
      }
      let waiter: Waiting | undefined;
      let timer: NodeJS.Timeout | undefined;
      const leave = (): void => {
        clearTimeout(timer);
        if (waiter) waiting.delete(waiter);
      };
      const tasks = new Promise<LockedTask[]>((resolve) => {
        waiter = {
          request,
          topics,
          finish(found) {
            leave();
            resolve(found);
          },
        };
        waiting.add(waiter);
        timer = setTimeout(waiter.finish, waitMs, []);
      });
      watch();
      return { tasks, cancel: leave };
    },
    serve,
    close() {
      closed = true;
      clearTimeout(poll);
      for (const waiter of waiting) waiter.finish([]);
    },
  };
}

function intersects(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const one of a) if (b.has(one)) return true;
  return false;
}

function only(values: Values, names: readonly string[] | null | undefined): Values {
  if (!names) return values;
  const all = new Map(Object.entries(values));
  const wanted = names.flatMap((name) => {
    const value = all.get(name);
    return value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(wanted);
}

/** One of these variables is enough, and of none nothing is asked: so it is in Camunda 7 and in Operaton. */
function hasOneOf(values: Values, wanted: Values): boolean {
  const conditions = Object.entries(wanted);
  return (
    conditions.length === 0 ||
    conditions.some(([name, value]) => hasValues(values, { [name]: value }))
  );
}

/** Whether there are variables of these names, types and values. */
export function hasValues(values: Values, wanted: Values): boolean {
  const all = new Map(Object.entries(values));
  return Object.entries(wanted).every(([name, { type, value }]) => {
    const found = all.get(name);
    return found !== undefined && found.type === type && found.value === value;
  });
}
