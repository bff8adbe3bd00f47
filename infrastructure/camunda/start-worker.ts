import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskService } from 'camunda-external-task-client-js';
import type { Observers } from '../observability/observed.ts';
import { inStepSpan, observedTaskService } from '../observability/observed-steps.ts';
import { NO_TRACING } from '../observability/tracing.ts';
import type { EngineTask } from './engine-task.ts';
import { type ClientOptions, createClient } from './external-task-client.ts';
import { runTask } from './run-task.ts';
import { createFindOwner, type TaskStream } from './task-owner.ts';
import type { TaskPorts, Work } from './task-run.ts';
import { createFindWork, topicsOf } from './topics.ts';

export interface WorkerOptions extends Omit<TaskPorts, 'stopping' | 'onTelling'>, ClientOptions {
  /** All steps this worker does. */
  work: readonly Work[];
  /** Hears of polls, calls and steps. */
  observers?: Observers | undefined;
}

export interface RunningWorker {
  /**
   * Takes no more tasks; gives running ones `timeoutMs` to finish, then hands their locks back, for
   * which it takes no more than `HAND_BACK_MS` twice, whatever the engine does.
   */
  stop(timeoutMs: number): Promise<void>;
}

/** Pauses after a failed poll, in milliseconds: the client itself would poll in a hot loop. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Pause while all places are taken, in milliseconds. */
const FULL_PAUSE_MS = 5;
/** Milliseconds for telling the engine, at the end of a stop, which tasks are free again. */
const HAND_BACK_MS = 1_500;
/** Pause before a task that could not be done, nor journaled, is given back. */
const LEFT_PAUSE_MS = 1_000;

interface FetchedTask {
  variables?: Record<string, { type: string; value: unknown }>;
}

/**
 * Runs the steps of all processes as external tasks, on Camunda's own client: long polling without
 * pause while tasks come, a growing pause while the engine is away.
 */
export function startWorker(options: WorkerOptions): RunningWorker {
  const { work, concurrency, lockDurationMs, log, observers } = options;
  const tracing = observers?.tracing ?? NO_TRACING;
  const polled = observers?.metrics.enginePolls;
  const polling = new AbortController();
  const stopping = new AbortController();
  const calls = new AbortController();
  // Every running task listens to both; Node warns of a leak from the eleventh on.
  setMaxListeners(0, stopping.signal, calls.signal);
  const running = new Set<Promise<void>>();
  const inHand = new Map<string, Promise<void>>();
  const findOwner = createFindOwner(options);
  const client = createClient(options, { polling: polling.signal, calls: calls.signal });
  let failures = 0;
  let draining = false;
  let resume: NodeJS.Timeout | undefined;
  let pollOpen = false;
  let pollClosed: () => void = () => {};
  /** Fulfilled when no poll is open; pending only during a stop. */
  let quiet = Promise.resolve();
  const closePoll = (): void => {
    pollOpen = false;
    pollClosed();
  };
  client.on('poll:start', () => {
    pollOpen = client.activeTasksCount < concurrency;
    client.options.interval = client.activeTasksCount >= concurrency ? FULL_PAUSE_MS : 0;
  });
  client.on('poll:success', (tasks: unknown) => {
    polled?.inc({ outcome: 'ok' });
    if (failures > 0) log.info({ failures }, 'the engine answers again');
    failures = 0;
    markNulls(tasks as readonly FetchedTask[]);
    closePoll();
  });
  client.on('poll:error', (error: unknown) => {
    closePoll();
    if (draining) return;
    polled?.inc({ outcome: 'error' });
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
    pollAgainIn(pause);
    log.warn({ error: String(error), pause }, 'the engine cannot be polled');
  });

  /** The client has read its interval before the poll, so a pause is made by holding its polls. */
  function pollAgainIn(pause: number): void {
    client.stop();
    resume = setTimeout(() => client.start(), pause);
  }

  const findWork = createFindWork(work);
  for (const { name, variables, processKeys } of topicsOf(work)) {
    client.subscribe(
      name,
      // The types have one key only: https://github.com/DefinitelyTyped/DefinitelyTyped/blob/master/types/camunda-external-task-client-js
      { variables, processDefinitionKeyIn: processKeys as never },
      ({ task, taskService }) => {
        const done = afterItself(task as EngineTask, () =>
          handle(
            task as EngineTask,
            observers ? observedTaskService(taskService, observers) : taskService,
          ),
        );
        running.add(done);
        return done.finally(() => running.delete(done));
      },
    );
  }
  // With nothing to ask for, the client would go round without a pause.
  if (work.length > 0) client.start();

  /**
   * A lock may run out while its handler works, when the engine was away for that long, and the task
   * then comes to this very worker again: it waits for the first run and finds what that journaled.
   */
  function afterItself(task: EngineTask, work: () => Promise<void>): Promise<void> {
    const earlier = inHand.get(task.id);
    const done = (earlier ? earlier.then(work) : work()).finally(() => {
      if (inHand.get(task.id) === done) inHand.delete(task.id);
    });
    inHand.set(task.id, done);
    return done;
  }

  async function handle(task: EngineTask, taskService: TaskService): Promise<void> {
    // A poll that was answered while the stop began: somebody else does it.
    if (draining) return giveBack(task, taskService);
    const extending = setInterval(() => {
      taskService.extendLock(task, lockDurationMs).catch((error: unknown) => {
        log.warn({ ...taskIds(task), error: String(error) }, 'the lock was not extended');
      });
    }, lockDurationMs / 3);
    let done = false;
    try {
      // Of another version of the model than the one that was checked: an instance with its step may come.
      const one = findWork(task);
      if (!one) throw new Error(noStepFor(task));
      // Both change the task in the engine: under load an extension was what the report kept meeting.
      // Whoever gets the task when the lock runs out finds the journal, and tells the same.
      done = await runIfOwn(task, taskService, one, () => clearInterval(extending));
    } catch (error) {
      // It is given back for another attempt; what was journaled stays.
      log.error({ ...taskIds(task), err: error }, 'the task was left');
      await sleep(LEFT_PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {});
    } finally {
      clearInterval(extending);
    }
    if (!done) await giveBack(task, taskService);
  }

  /** @returns whether the task was done, or is not to be done */
  async function runIfOwn(
    task: EngineTask,
    taskService: TaskService,
    one: Work,
    onTelling: () => void,
  ): Promise<boolean> {
    const owner = await findOwner(task);
    switch (owner.kind) {
      case 'own':
        return inSpan(task, one, owner.stream, () =>
          runTask(task, taskService, one, owner.stream, {
            ...options,
            stopping: stopping.signal,
            tracing,
            onTelling,
          }),
        );
      case 'surplus':
        log.warn(
          { ...owner, taskId: task.id },
          'the process goes on without the instance; deleting it',
        );
        await options.engine.cancel(owner.instanceId);
        return true;
      case 'foreign':
        log.error({ ...taskIds(task), reason: owner.reason }, 'the task is of no process of ours');
        await taskService.handleFailure(task, {
          errorMessage: owner.reason,
          errorDetails: '',
          retries: 0,
        });
        return true;
      case 'gone':
        return true;
    }
  }

  function inSpan(
    task: EngineTask,
    { definition, step }: Work,
    { correlationId, identity: { traceparent, tracestate } }: TaskStream,
    work: () => Promise<boolean>,
  ): Promise<boolean> {
    const { id: taskId, topicName: topic = '' } = task;
    const place = { topic, processKey: definition.key, step: step.name, taskId };
    return inStepSpan(tracing, { ...place, correlationId, traceparent, tracestate }, work);
  }

  /**
   * Frees a task for others at once. Any worker may unlock any task, so the call that only the owner of
   * the lock may make comes first: a worker that has lost its lock must not break somebody else's.
   */
  async function giveBack(task: EngineTask, taskService: TaskService): Promise<void> {
    // Camunda would give the task to the poll that is still open here.
    await quiet;
    try {
      await taskService.extendLock(task, lockDurationMs);
      await taskService.unlock(task);
    } catch (error) {
      // Nothing is lost: the task is free when its lock runs out.
      log.warn({ ...taskIds(task), error: String(error) }, 'the task was not given back');
    }
  }

  return {
    async stop(timeoutMs) {
      draining = true;
      client.stop();
      clearTimeout(resume);
      // An open poll is left to end by itself: the engine would go on to lock tasks for one whose
      // connection was cut, and nobody could do them until that lock ran out.
      quiet = new Promise<void>((resolve) => {
        pollClosed = resolve;
        if (!pollOpen) resolve();
      });
      await within(timeoutMs, async () => {
        await quiet;
        await Promise.allSettled(running);
      });
      stopping.abort(new Error('the worker stops'));
      await within(HAND_BACK_MS, async () => {
        await quiet;
        await Promise.allSettled(running);
      });
      polling.abort(new Error('the worker stops'));
      // An engine that takes calls and does not answer them would hold up the stop.
      calls.abort(new Error('the worker stops'));
      await within(HAND_BACK_MS, () => Promise.allSettled(running));
    },
  };
}

/** What a log line about a task carries. */
function taskIds(task: EngineTask): object {
  return { businessKey: task.businessKey, taskId: task.id };
}

function noStepFor({ topicName, activityId, processDefinitionKey }: EngineTask): string {
  return `no step is for the task "${activityId}" of the process ${processDefinitionKey} with the topic "${topicName}"`;
}

/** Waits for `work`, but no longer than `ms`. */
async function within(ms: number, work: () => Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const timeUp = sleep(ms, undefined, { signal: late.signal }).catch(() => {});
  await Promise.race([work(), timeUp]);
  late.abort();
}

/** The client makes the first day of 1970 of a date without a value: it looks at the type only. */
function markNulls(tasks: readonly FetchedTask[]): void {
  for (const { variables = {} } of tasks) {
    for (const variable of Object.values(variables)) {
      if (variable.value === null) variable.type = 'Null';
    }
  }
}
