import { cutText, type Log } from '../../domain/common/index.ts';
import { createDeployments, type Deployments, unknownDefinition } from './deployments.ts';
import type { EngineStore, InstanceRow, TaskRow } from './engine-store.ts';
import { createInstances, type Instance, type Instances } from './instances.ts';
import { createTaskBoard, type Task, type TaskBoard } from './task-board.ts';
import { createTimerService } from './timer-service.ts';
import { BadRequest, type TypedValue } from './typed-value.ts';

export type Variables = ReadonlyMap<string, TypedValue>;

interface Failure {
  errorMessage: string | null;
  errorDetails: string | null;
  retries: number;
  /** Milliseconds. */
  retryTimeout: number;
  variables: Variables;
}

interface MessageTarget {
  businessKey?: string | undefined;
  processInstanceId?: string | undefined;
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
  lock(taskId: string, workerId: string, duration: number): void;
  unlock(taskId: string): Promise<void>;
  setRetries(taskId: string, retries: number): Promise<void>;
  /** Delivers a message to the one instance that waits for it. */
  correlate(messageName: string, target: MessageTarget, variables: Variables): Promise<void>;
  /** The subscriptions to a message. */
  waitingFor(messageName: string, target: MessageTarget): { instanceId: string }[];
  terminate(instanceId: string, reason: string | null): Promise<void>;
  /** An open external task. @throws BadRequest 404 */
  task(taskId: string): Task;
  /** The activities that a running instance waits at. @throws BadRequest 404 */
  waitingAt(instanceId: string): string[];
  /** A running instance. */
  instance(instanceId: string): { row: InstanceRow };
  variables(instanceId: string): Variables;
  close(): void;
}

/** Camunda's sentences, from the task's name. */
type Refusal = (task: string) => string;
const REFUSALS = {
  complete: (task) => `${task} cannot be completed`,
  fail: (task) => `Failure of ${task} cannot be reported`,
  throwError: (task) => `Bpmn error of ${task} cannot be reported`,
  extendLock: (task) => `The lock of the ${task} cannot be extended`,
  lock: (task) => `${task} cannot be locked`,
} satisfies Record<string, Refusal>;
/** Characters that Camunda keeps of an error message. */
const MAX_ERROR_MESSAGE = 666;

/** Opens the engine on its tables: whatever waited when it was closed or killed waits again. */
export async function openEngine(
  store: EngineStore,
  options: { log: Pick<Log, 'warn' | 'error'>; now: () => number; liveInstances: number },
): Promise<EmbeddedEngine> {
  const { now, log, liveInstances } = options;
  const deployments = await createDeployments(store, now);
  const board = createTaskBoard(now, (id) => instances.get(id).row.process_key);
  const timers = createTimerService({ store, now, log, fire: fireTimers });
  const instances: Instances = createInstances({
    store,
    board,
    deployments,
    now,
    onDue: timers.arm,
    liveInstances,
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

  /** The worker that locked a task last may end it, also after the lock ran out, as in Camunda. */
  function lockedTask(taskId: string, workerId: string, refusal: Refusal): Task {
    const task = taskOf(taskId);
    if (task.workerId !== workerId) {
      throw new BadRequest(
        `${refusal(`External Task ${taskId}`)} by worker '${workerId}'. It is locked by worker '${task.workerId}'.`,
        400,
        'RestException',
      );
    }
    return task;
  }

  function endTask(
    taskId: string,
    workerId: string,
    variables: Variables,
    refusal: Refusal,
    how: (instance: Instance, task: Task) => void,
  ): Promise<void> {
    const task = lockedTask(taskId, workerId, refusal);
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
      if (!definition) throw unknownDefinition(processKey);
      return instances.create(definition, businessKey, variables);
    },
    complete: (taskId, workerId, variables) =>
      endTask(taskId, workerId, variables, REFUSALS.complete, ({ live }, task) =>
        live.completeTask(task.execution_id),
      ),
    throwError: (taskId, workerId, { code, message }, variables) =>
      endTask(taskId, workerId, variables, REFUSALS.throwError, ({ live }, task) =>
        live.throwError(task.execution_id, code, message),
      ),
    async fail(taskId, workerId, failure) {
      const task = lockedTask(taskId, workerId, REFUSALS.fail);
      if (failure.variables.size > 0) {
        await instances.step(instances.get(task.instance_id), ({ live }) => {
          for (const [name, value] of failure.variables) live.variables.set(name, value);
        });
      }
      // Reported again, as after a lost answer, it is the same failure.
      const isSame = task.retries === 0 && failure.retries === 0;
      task.retries = failure.retries;
      task.error_message = failure.errorMessage
        ? cutText(failure.errorMessage, MAX_ERROR_MESSAGE)
        : null;
      task.error_details = failure.errorDetails;
      // The pause is a lock of the worker who failed, as in Camunda, so that he may still end the task.
      task.lockedUntil = now() + failure.retryTimeout;
      if (!isSame) task.available_at = task.lockedUntil;
      await store.save({ savedTasks: [rowOf(task)] });
      board.serve();
    },
    extendLock(taskId, workerId, duration) {
      const task = lockedTask(taskId, workerId, REFUSALS.extendLock);
      if (task.lockedUntil <= now()) {
        throw new BadRequest(
          `Cannot extend a lock that expired on external task ${taskId}`,
          400,
          'RestException',
        );
      }
      task.lockedUntil = now() + duration;
    },
    lock(taskId, workerId, duration) {
      const task = taskOf(taskId);
      if (task.workerId !== workerId && task.lockedUntil > now()) {
        lockedTask(taskId, workerId, REFUSALS.lock);
      }
      task.workerId = workerId;
      task.lockedUntil = now() + duration;
    },
    async unlock(taskId) {
      const task = taskOf(taskId);
      const paused = task.available_at > now();
      task.workerId = null;
      task.lockedUntil = 0;
      if (task.retries !== 0) task.available_at = 0;
      if (paused) await store.save({ savedTasks: [rowOf(task)] });
      board.serve();
    },
    async setRetries(taskId, retries) {
      const task = taskOf(taskId);
      // Without retries it is an incident from now on.
      if (retries === 0 && task.retries !== 0) task.available_at = now();
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
          `org.camunda.bpm.engine.MismatchingMessageCorrelationException: Cannot correlate message '${messageName}': ${what} the parameters`,
          400,
          'RestException',
        );
      }
      await instances.step(instances.get(found.instanceId), ({ live }) => {
        for (const [name, value] of variables) live.variables.set(name, value);
        live.receive(found.messageId);
      });
    },
    waitingFor: (messageName, { businessKey, processInstanceId }) =>
      instances.waitingFor(messageName, businessKey, processInstanceId),
    terminate: (instanceId, reason) => instances.terminate(instanceId, reason),
    task: taskOf,
    waitingAt: (instanceId) => instances.get(instanceId).live.waitingAt(),
    instance: (instanceId) => instances.get(instanceId),
    variables: (instanceId) => instances.get(instanceId).live.variables,
    close() {
      timers.stop();
      board.close();
    },
  };
}
