import { createDeployments, type Deployments } from './deployments.ts';
import type { EngineStore, InstanceRow, TaskRow } from './engine-store.ts';
import { createInstances, type Instance, type Instances } from './instances.ts';
import { createTaskBoard, type Task, type TaskBoard } from './task-board.ts';
import { createTimerService } from './timer-service.ts';
import { BadRequest, type TypedValue } from './typed-value.ts';

export type Variables = ReadonlyMap<string, TypedValue>;

export interface Failure {
  errorMessage: string | null;
  errorDetails: string | null;
  retries: number;
  /** Milliseconds. */
  retryTimeout: number;
}

/** The embedded engine: Camunda 7's behaviour for the part that the service uses. */
export interface EmbeddedEngine {
  deployments: Deployments;
  board: TaskBoard;
  start(processKey: string, businessKey: string | null, variables: Variables): Promise<InstanceRow>;
  complete(taskId: string, workerId: string, variables: Variables): Promise<void>;
  fail(taskId: string, workerId: string, failure: Failure): Promise<void>;
  throwError(
    taskId: string,
    workerId: string,
    error: { code: string; message: string | null },
    variables: Variables,
  ): Promise<void>;
  extendLock(taskId: string, workerId: string, duration: number): void;
  unlock(taskId: string): void;
  setRetries(taskId: string, retries: number): Promise<void>;
  /** Delivers a message to the one instance that waits for it. */
  correlate(
    messageName: string,
    target: { businessKey?: string | undefined; processInstanceId?: string | undefined },
    variables: Variables,
  ): Promise<void>;
  terminate(instanceId: string, reason: string | null): Promise<void>;
  /** A running instance. */
  instance(instanceId: string): { row: InstanceRow };
  variables(instanceId: string): Variables;
  close(): void;
}

export interface EngineLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Opens the engine on its tables: whatever waited when it was closed or killed waits again. */
export async function openEngine(
  store: EngineStore,
  options: { log: EngineLog; now: () => number },
): Promise<EmbeddedEngine> {
  const { now, log } = options;
  const deployments = await createDeployments(store, now);
  const board = createTaskBoard(now);
  const timers = createTimerService({ store, now, log, fire: fireTimers });
  const instances: Instances = createInstances({
    store,
    board,
    deployments,
    now,
    onDue: timers.arm,
  });
  board.add(store.tasks().map((row): Task => ({ ...row, workerId: null, lockedUntil: 0 })));
  timers.start();

  async function fireTimers(instanceId: string): Promise<void> {
    await instances.step(instances.get(instanceId), ({ live }) => live.fireTimers(now()));
  }

  function taskOf(taskId: string): Task {
    const task = board.get(taskId);
    if (!task) {
      throw new BadRequest(`External task with id ${taskId} does not exist`, 404, 'RestException');
    }
    return task;
  }

  /** A task may be ended by whoever locked it last, also after the lock ran out, as in Camunda. */
  function lockedTask(taskId: string, workerId: string): Task {
    const task = taskOf(taskId);
    if (task.workerId !== workerId) {
      throw new BadRequest(
        `External Task ${taskId} cannot be changed by worker '${workerId}'. It is locked by worker '${task.workerId}'.`,
      );
    }
    return task;
  }

  function endTask(
    taskId: string,
    workerId: string,
    variables: Variables,
    how: (instance: Instance, task: Task) => void,
  ): Promise<void> {
    const task = lockedTask(taskId, workerId);
    return instances.step(instances.get(task.instance_id), (instance) => {
      for (const [name, value] of variables) instance.live.variables.set(name, value);
      how(instance, task);
    });
  }

  function rowOf({ workerId: _worker, lockedUntil: _until, ...row }: Task): TaskRow {
    return row;
  }

  return {
    deployments,
    board,
    start(processKey, businessKey, variables) {
      const definition = deployments.latest(processKey);
      if (!definition) {
        throw new BadRequest(
          `No matching process definition with key: ${processKey} and no tenant-id`,
          404,
          'RestException',
        );
      }
      return instances.create(definition, businessKey, variables);
    },
    complete: (taskId, workerId, variables) =>
      endTask(taskId, workerId, variables, ({ live }, task) =>
        live.completeTask(task.execution_id),
      ),
    throwError: (taskId, workerId, { code, message }, variables) =>
      endTask(taskId, workerId, variables, ({ live }, task) =>
        live.throwError(task.execution_id, code, message),
      ),
    async fail(taskId, workerId, failure) {
      const task = lockedTask(taskId, workerId);
      task.retries = failure.retries;
      task.error_message = failure.errorMessage;
      task.error_details = failure.errorDetails;
      task.workerId = null;
      task.lockedUntil = 0;
      task.available_at = now() + failure.retryTimeout;
      await store.save({ savedTasks: [rowOf(task)] });
      board.serve();
    },
    extendLock(taskId, workerId, duration) {
      const task = lockedTask(taskId, workerId);
      if (task.lockedUntil <= now()) {
        throw new BadRequest(`Cannot extend a lock that expired on external task ${taskId}`);
      }
      task.lockedUntil = now() + duration;
    },
    unlock(taskId) {
      const task = taskOf(taskId);
      task.workerId = null;
      task.lockedUntil = 0;
      board.serve();
    },
    async setRetries(taskId, retries) {
      const task = taskOf(taskId);
      task.retries = retries;
      await store.save({ savedTasks: [rowOf(task)] });
      board.serve();
    },
    async correlate(messageName, { businessKey, processInstanceId }, variables) {
      const waiting = instances.waitingFor(messageName, businessKey, processInstanceId);
      const [found] = waiting;
      if (!found || waiting.length > 1) {
        const what = found
          ? `${waiting.length} executions match`
          : 'No process definition or execution matches';
        throw new BadRequest(
          `Cannot correlate message '${messageName}': ${what} the parameters`,
          400,
          'MismatchingMessageCorrelationException',
        );
      }
      await instances.step(instances.get(found.instanceId), ({ live }) => {
        for (const [name, value] of variables) live.variables.set(name, value);
        live.receive(found.messageId);
      });
    },
    terminate: (instanceId, reason) => instances.terminate(instanceId, reason),
    instance: (instanceId) => instances.get(instanceId),
    variables: (instanceId) => instances.get(instanceId).live.variables,
    close() {
      timers.stop();
      board.close();
    },
  };
}
