import type { OpenedTask } from './changed-root.ts';
import { createExpiryHeap } from './expiry-heap.ts';
import { nodeId } from './public-ids.ts';
import type { ExternalTaskRows, TaskCursor } from './store/external-task-rows.ts';
import type { ExternalTaskRow } from './store/rows.ts';

/** An open external task with its lock. Locks live in memory: their holders die with the process. */
export interface QueuedTask extends OpenedTask {
  readonly id: string;
  /** Who locked it last. */
  workerId: string | null;
  /** Milliseconds since the epoch; in the past or 0: free. */
  lockedUntil: number;
  /** Nobody gets it: it has no retries, or cannot be read. Set by `block` and `unblock`. */
  blocked: boolean;
  queued: boolean;
}

/** The open tasks of a topic and a priority. The database has all of them, memory those that come next. */
interface Lane {
  readonly priority: number;
  /** First in, first out. */
  readonly queue: Set<QueuedTask>;
  /** What is before it has been in memory. */
  cursor: TaskCursor;
  /** There are tasks behind the cursor that were never in memory. */
  more: boolean;
  /** When the next task behind the cursor may be fetched; it has failed before the engine started. */
  nextAvailable: number;
}

export interface TaskOrder {
  /** Those of higher priority before all others. */
  readonly usePriority: boolean;
  readonly newestFirst: boolean;
  /** Tasks of the instance that was started first come first; left out: the task that was opened first. */
  readonly oldestInstanceFirst?: boolean;
}

export interface TaskQueues {
  opened(tasks: readonly OpenedTask[]): void;
  closed(id: string): void;
  get(id: string): QueuedTask | undefined;
  /** For a task that nobody has fetched yet. */
  remember(row: ExternalTaskRow): QueuedTask;
  /** Free tasks of these topics in the order of their creation. What is not locked or dropped stays. */
  candidates(topics: ReadonlySet<string>, order: TaskOrder): Iterable<QueuedTask>;
  lock(task: QueuedTask, workerId: string | null, until: number): void;
  /** Puts it back, unless it is locked or has no retries. */
  release(task: QueuedTask): void;
  block(task: QueuedTask): void;
  unblock(task: QueuedTask): void;
  /** How many are in memory. */
  readonly size: number;
  /** Something becomes free by itself some time. */
  readonly expects: boolean;
}

/** Tasks that are read into memory at a time, and kept there at most when new ones come. */
const BATCH = 500;
const MAX_QUEUED = 5_000;
/**
 * Blocked tasks that are kept in memory, the latest ones: their workers may still report on them. An instance that failed
 * may stay for a month, and its task is in the database.
 */
const MAX_BLOCKED = 1_000;

/** The external tasks that workers ask for, read topic by topic when somebody fetches. */
export function createTaskQueues(
  rows: ExternalTaskRows,
  now: () => number,
  maxBlocked = MAX_BLOCKED,
): TaskQueues {
  const known = new Map<string, QueuedTask>();
  /** In the order in which they were blocked. */
  const blocked = new Set<QueuedTask>();
  const topics = new Map<string, Lane[]>();
  const expiring = createExpiryHeap<QueuedTask>();

  function lanesOf(topic: string): Lane[] {
    const loaded = topics.get(topic);
    if (loaded) return loaded;
    const lanes = rows.priorities(topic).map(
      (priority): Lane => ({
        priority,
        queue: new Set(),
        cursor: { availableAt: -1, rootId: '', node: -1 },
        more: true,
        nextAvailable: Number.POSITIVE_INFINITY,
      }),
    );
    topics.set(topic, lanes);
    return lanes;
  }

  function laneFor(topic: string, priority: number): Lane | undefined {
    const lanes = topics.get(topic);
    const found = lanes?.find((lane) => lane.priority === priority);
    if (found || !lanes) return found;
    // All that the database had of this topic was looked at: there is nothing of this priority yet.
    const lane: Lane = {
      priority,
      queue: new Set(),
      cursor: { availableAt: now(), rootId: '', node: -1 },
      more: false,
      nextAvailable: Number.POSITIVE_INFINITY,
    };
    lanes.push(lane);
    lanes.sort((a, b) => b.priority - a.priority);
    return lane;
  }

  /** @returns what is new in the queue */
  function refill(topic: string, lane: Lane): QueuedTask[] {
    const at = now();
    const added: QueuedTask[] = [];
    while (added.length === 0 && (lane.more || lane.nextAvailable <= at)) {
      const found = rows.next(topic, lane.priority, lane.cursor, at, BATCH);
      const last = found.at(-1);
      lane.more = found.length === BATCH;
      lane.cursor =
        lane.more && last
          ? { availableAt: last.available_at, rootId: last.root_id, node: last.node }
          : { availableAt: at, rootId: '\u{10ffff}', node: 0 };
      lane.nextAvailable = lane.more
        ? Number.POSITIVE_INFINITY
        : (rows.nextAvailable(topic, lane.priority, at) ?? Number.POSITIVE_INFINITY);
      for (const row of found) {
        const task = known.get(nodeId(row.root_id, row.node)) ?? remember(row);
        if (task.queued || task.blocked || task.lockedUntil > at) continue;
        enqueue(lane, task);
        added.push(task);
      }
    }
    return added;
  }

  function enqueue(lane: Lane, task: QueuedTask): void {
    task.queued = true;
    lane.queue.add(task);
  }

  function remember(row: ExternalTaskRow): QueuedTask {
    const task: QueuedTask = {
      id: nodeId(row.root_id, row.node),
      rootId: row.root_id,
      node: row.node,
      topic: row.topic,
      priority: row.priority,
      availableAt: row.available_at,
      definitionId: row.definition_id,
      processKey: row.process_key,
      businessKey: row.business_key,
      row: null,
      workerId: null,
      lockedUntil: row.available_at > now() ? row.available_at : 0,
      blocked: false,
      queued: false,
    };
    known.set(task.id, task);
    if (row.retries === 0) block(task);
    if (task.lockedUntil > 0) expiring.push(task.lockedUntil, task);
    return task;
  }

  function dequeue(task: QueuedTask): void {
    if (!task.queued) return;
    task.queued = false;
    laneFor(task.topic, task.priority)?.queue.delete(task);
  }

  function block(task: QueuedTask): void {
    dequeue(task);
    task.blocked = true;
    blocked.delete(task);
    blocked.add(task);
    const [oldest] = blocked.size > maxBlocked ? blocked : [];
    if (oldest) drop(oldest);
  }

  function drop(task: QueuedTask): void {
    dequeue(task);
    blocked.delete(task);
    known.delete(task.id);
  }

  function release(task: QueuedTask): void {
    if (task.queued || task.blocked || task.lockedUntil > now() || !known.has(task.id)) return;
    const lane = laneFor(task.topic, task.priority);
    if (lane) enqueue(lane, task);
  }

  function releaseExpired(): void {
    const at = now();
    for (let task = expiring.pop(at); task; task = expiring.pop(at)) {
      if (task.lockedUntil > at) expiring.push(task.lockedUntil, task);
      else release(task);
    }
  }

  function* walk(topic: string, lane: Lane, newestFirst: boolean): Generator<QueuedTask> {
    if (newestFirst) {
      for (let added = refill(topic, lane); added.length > 0; ) added = refill(topic, lane);
      yield* [...lane.queue].reverse();
      return;
    }
    // What is put into a set while it is walked is walked as well.
    yield* lane.queue;
    for (let added = refill(topic, lane); added.length > 0; added = refill(topic, lane)) {
      yield* added;
    }
  }

  return {
    opened(tasks) {
      for (const opened of tasks) {
        const lane = laneFor(opened.topic, opened.priority);
        // Nobody has ever asked for the topic: the database keeps it.
        if (!lane) continue;
        if (lane.more && opened.availableAt >= lane.cursor.availableAt) continue;
        if (lane.queue.size >= MAX_QUEUED) {
          lane.more = true;
          const availableAt = Math.min(opened.availableAt, lane.nextAvailable);
          lane.cursor = { availableAt, rootId: '', node: -1 };
          continue;
        }
        const id = nodeId(opened.rootId, opened.node);
        const task: QueuedTask = {
          ...opened,
          id,
          workerId: null,
          lockedUntil: 0,
          blocked: false,
          queued: false,
        };
        known.set(id, task);
        enqueue(lane, task);
      }
    },
    closed(id) {
      const task = known.get(id);
      if (task) drop(task);
    },
    get: (id) => known.get(id),
    remember,
    *candidates(wanted, order) {
      const { newestFirst } = order;
      releaseExpired();
      const lanes = [...wanted].flatMap((topic) =>
        lanesOf(topic).map((lane) => ({ lane, tasks: walk(topic, lane, newestFirst) })),
      );
      const heads = lanes.map(({ tasks }) => tasks.next().value as QueuedTask | undefined);
      for (;;) {
        let first = -1;
        for (const [at, head] of heads.entries()) {
          const best = heads[first];
          if (head && (!best || comesBefore(head, best, order))) first = at;
        }
        const task = heads[first];
        if (!task) return;
        yield task;
        heads[first] = lanes[first]?.tasks.next().value as QueuedTask | undefined;
      }
    },
    lock(task, workerId, until) {
      dequeue(task);
      task.workerId = workerId;
      task.lockedUntil = until;
      // A hold of this process has no end: it would stay in the heap for ever.
      if (Number.isFinite(until)) expiring.push(until, task);
    },
    release,
    block,
    unblock(task) {
      task.blocked = false;
      blocked.delete(task);
    },
    get size() {
      return known.size;
    },
    get expects() {
      if (expiring.size > 0) return true;
      for (const lanes of topics.values()) {
        if (lanes.some(({ nextAvailable }) => nextAvailable < Number.POSITIVE_INFINITY))
          return true;
      }
      return false;
    },
  };
}

function comesBefore(a: QueuedTask, b: QueuedTask, order: TaskOrder): boolean {
  const { usePriority, newestFirst, oldestInstanceFirst } = order;
  if (usePriority && a.priority !== b.priority) return a.priority > b.priority;
  // Ids of instances begin with the time. The later steps of old processes so come before the first ones of new ones.
  if (oldestInstanceFirst && a.rootId !== b.rootId) return a.rootId < b.rootId;
  return newestFirst ? a.availableAt > b.availableAt : a.availableAt < b.availableAt;
}
