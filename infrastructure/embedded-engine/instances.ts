import { LRUCache } from 'lru-cache';
import { v7 as timeOrderedId } from 'uuid';
import type { DeployedDefinition, Deployments } from './deployments.ts';
import type { EngineStore, InstanceRow } from './engine-store.ts';
import { createLiveInstance, type LiveInstance, type Subscription } from './live-instance.ts';
import type { Task, TaskBoard } from './task-board.ts';
import { BadRequest, type TypedValue } from './typed-value.ts';

export interface Instance {
  row: InstanceRow;
  live: LiveInstance;
  /** Open tasks by execution id. */
  tasks: Map<string, Task>;
}

export interface Instances {
  create(
    definition: DeployedDefinition,
    businessKey: string | null,
    variables: ReadonlyMap<string, TypedValue>,
  ): Promise<InstanceRow>;
  /** @throws BadRequest 404 when the instance does not exist or has ended */
  get(id: string): Instance;
  /** Changes an instance and saves the result. When `move` throws, nothing is changed. */
  step(instance: Instance, move: (instance: Instance) => void): Promise<void>;
  terminate(id: string, reason: string | null): Promise<void>;
  waitingFor(
    messageName: string,
    businessKey: string | undefined,
    instanceId: string | undefined,
  ): { instanceId: string; messageId: string }[];
}

const DAY_MS = 86_400_000;

/** The running instances. Memory is ahead of the database only while a save is under way. */
export function createInstances(options: {
  store: EngineStore;
  board: TaskBoard;
  deployments: Deployments;
  now: () => number;
  onDue: (at: number) => void;
  liveInstances: number;
}): Instances {
  const { store, board, deployments, now, onDue, liveInstances } = options;
  const cache = new LRUCache<string, Instance>({ max: Math.max(1, liveInstances) });
  // Instances whose save is under way must not be read from the database: it is behind them.
  const saving = new Map<string, { instance: Instance; saves: number }>();

  function get(id: string): Instance {
    const known = saving.get(id)?.instance ?? cache.get(id);
    if (known && known.row.state === 'ACTIVE') return known;
    const row = known ? undefined : store.instance(id);
    const definition = row && deployments.byId(row.definition_id);
    if (row?.state !== 'ACTIVE' || !definition) {
      throw new BadRequest(`Process instance with id ${id} does not exist`, 404);
    }
    const variables = new Map(
      Object.entries(JSON.parse(row.variables) as Record<string, TypedValue>),
    );
    const state = row.execution ?? undefined;
    const live = createLiveInstance({
      model: definition.model,
      variables,
      now,
      ...(state ? { state } : {}),
    });
    const tasks = new Map(board.ofInstance(id).map((task) => [task.execution_id, task]));
    const instance = { row, live, tasks };
    cache.set(id, instance);
    return instance;
  }

  async function step(instance: Instance, move: (instance: Instance) => void): Promise<void> {
    try {
      move(instance);
    } catch (error) {
      // It is in an unknown state; the next call reads the last good one.
      cache.delete(instance.row.id);
      if (error instanceof BadRequest) throw error;
      throw new BadRequest(reasonOf(error), 500, 'ProcessEngineException');
    }
    await save(instance);
  }

  async function save(instance: Instance): Promise<void> {
    const { live, tasks } = instance;
    const ended = live.ended();
    const at = now();
    const opened: Task[] = [];
    const closed: Task[] = [];
    for (const [executionId, { activityId, topic }] of live.openTasks) {
      if (tasks.has(executionId)) continue;
      const task: Task = {
        id: timeOrderedId(),
        instance_id: instance.row.id,
        execution_id: executionId,
        activity_id: activityId,
        topic,
        retries: null,
        error_message: null,
        error_details: null,
        available_at: 0,
        created_at: at,
        workerId: null,
        lockedUntil: 0,
      };
      opened.push(task);
      tasks.set(executionId, task);
    }
    for (const [executionId, task] of tasks) {
      if (!ended && live.openTasks.has(executionId)) continue;
      closed.push(task);
      tasks.delete(executionId);
      board.remove(task.id);
    }
    const nextDue = ended ? null : live.nextDue();
    const days = deployments.byId(instance.row.definition_id)?.model.historyDays ?? 0;
    instance.row = {
      ...instance.row,
      state: ended ? 'COMPLETED' : 'ACTIVE',
      variables: JSON.stringify(Object.fromEntries(live.variables)),
      subscriptions: JSON.stringify(ended ? [] : live.subscriptions),
      execution: ended ? null : live.snapshot(),
      next_due_at: nextDue,
      ended_at: ended ? at : null,
      remove_at: ended ? at + days * DAY_MS : null,
    };
    await commit(instance, opened, closed);
    // Only now: a task that a crash could still undo must not be worked on.
    board.add(opened.filter((task) => tasks.get(task.execution_id) === task));
    if (nextDue !== null) onDue(nextDue);
  }

  async function commit(instance: Instance, opened: Task[], closed: Task[]): Promise<void> {
    const { id } = instance.row;
    const entry = saving.get(id) ?? { instance, saves: 0 };
    entry.saves++;
    saving.set(id, entry);
    try {
      await store.save({
        instance: instance.row,
        savedTasks: opened.map(({ workerId: _w, lockedUntil: _u, ...row }) => row),
        deletedTasks: closed.map((task) => task.id),
      });
    } catch (error) {
      // The database did not take it: go back to what it has.
      cache.delete(id);
      board.add(closed);
      throw error;
    } finally {
      if (--entry.saves === 0) saving.delete(id);
      if (instance.row.state !== 'ACTIVE' || liveInstances === 0) cache.delete(id);
    }
  }

  return {
    get,
    step,
    async create(definition, businessKey, variables) {
      const live = createLiveInstance({
        model: definition.model,
        variables: new Map(variables),
        now,
      });
      const row: InstanceRow = {
        id: timeOrderedId(),
        definition_id: definition.id,
        process_key: definition.key,
        business_key: businessKey,
        state: 'ACTIVE',
        variables: '{}',
        subscriptions: '[]',
        execution: null,
        next_due_at: null,
        started_at: now(),
        ended_at: null,
        remove_at: null,
        delete_reason: null,
      };
      const instance: Instance = { row, live, tasks: new Map() };
      cache.set(row.id, instance);
      try {
        await step(instance, () => live.start());
      } catch (error) {
        if (!(error instanceof BadRequest)) throw error;
        throw new BadRequest(
          `Cannot instantiate process definition ${definition.id}: ${error.message}`,
          error.status,
          'RestException',
        );
      }
      return instance.row;
    },
    async terminate(id, reason) {
      const instance = get(id);
      const at = now();
      const days = deployments.byId(instance.row.definition_id)?.model.historyDays ?? 0;
      const closed = [...instance.tasks.values()];
      instance.tasks.clear();
      for (const task of closed) board.remove(task.id);
      instance.row = {
        ...instance.row,
        state: 'EXTERNALLY_TERMINATED',
        subscriptions: '[]',
        execution: null,
        next_due_at: null,
        ended_at: at,
        remove_at: at + days * DAY_MS,
        delete_reason: reason,
      };
      await commit(instance, [], closed);
    },
    waitingFor(messageName, businessKey, instanceId) {
      const rows = store.instances({ id: instanceId, businessKey, activeOnly: true }, 1_000);
      return rows.flatMap((row) => {
        const current = saving.get(row.id)?.instance.row ?? row;
        return (JSON.parse(current.subscriptions) as Subscription[])
          .filter((subscription) => subscription.messageName === messageName)
          .map(({ messageId }) => ({ instanceId: row.id, messageId }));
      });
    },
  };
}

/** Why an instance could not continue; in Camunda's words when no outgoing flow could be selected. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const stuck = /^<(.+)> no conditional flow taken$/.exec(message)?.[1];
  return stuck === undefined
    ? message
    : `No outgoing sequence flow for the element with id '${stuck}' could be selected for continuing the process.`;
}
