import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type TaskService } from 'camunda-external-task-client-js';
import { topicOf } from '../../../domain/define-process.ts';
import type { Engine } from '../../../domain/ports.ts';
import {
  COMMON_VARIABLES,
  type EngineTask,
  runTask,
  type TaskPorts,
  type Work,
} from './run-task.ts';

export interface WorkerOptions extends Omit<TaskPorts, 'stopping'> {
  baseUrl: string;
  username?: string;
  password?: string;
  /** All steps this worker does. */
  work: readonly Work[];
  engine: Engine;
  /** Tasks that run at once. */
  concurrency: number;
  /** Milliseconds a task is locked; extended while it runs. */
  lockDurationMs: number;
  /**
   * Milliseconds the engine holds an empty poll. Camunda answers an open poll at once when a task is
   * created, but not when a failed task's pause or a lock is over: such a task waits for the next poll.
   */
  longPollMs: number;
}

export interface RunningWorker {
  /** Takes no more tasks; gives running ones `timeoutMs` to finish, then hands their locks back. */
  stop(timeoutMs: number): Promise<void>;
}

/** Pauses after a failed poll, in milliseconds: the client itself would poll in a hot loop. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Pause while all places are taken, in milliseconds. */
const FULL_PAUSE_MS = 5;
/** The poll may take this much longer than asked before the connection counts as dead. */
const POLL_GRACE_MS = 10_000;
const CALL_TIMEOUT_MS = 15_000;
/** Pause before a task that could not be done, nor journaled, is given back. */
const LEFT_PAUSE_MS = 1_000;

/** The part of the client's insides that is steered here; it has no other handle for them. */
interface ClientInternals {
  options: { interval: number };
  activeTasksCount: number;
}

interface RequestConfig {
  json?: { topics?: unknown };
  headers?: Record<string, string>;
  timeout?: { request: number };
  signal?: AbortSignal;
}

/**
 * Runs the steps of all processes as external tasks, on Camunda's own client: long polling without
 * pause while tasks come, a growing pause while the engine is away.
 */
export function startWorker(options: WorkerOptions): RunningWorker {
  const { baseUrl, work, concurrency, lockDurationMs, longPollMs, log } = options;
  const polling = new AbortController();
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const basic = Buffer.from(`${options.username}:${options.password ?? ''}`).toString('base64');

  const client = new Client({
    baseUrl,
    // The default is the same for everybody: two instances would share their locks.
    workerId: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    maxTasks: concurrency,
    maxParallelExecutions: concurrency,
    interval: 0,
    lockDuration: lockDurationMs,
    asyncResponseTimeout: longPollMs,
    autoPoll: false,
    interceptors: <T>(config: T): T => {
      const given = config as RequestConfig;
      const isPoll = given.json?.topics !== undefined;
      return {
        ...config,
        headers: {
          ...given.headers,
          ...(options.username ? { authorization: `Basic ${basic}` } : {}),
        },
        // Without a timeout a half-open connection would hang the poll for ever.
        timeout: { request: isPoll ? longPollMs + POLL_GRACE_MS : CALL_TIMEOUT_MS },
        ...(isPoll ? { signal: polling.signal } : {}),
      };
    },
  });
  const internals = client as unknown as ClientInternals;
  let failures = 0;
  let draining = false;
  let pollOpen = false;
  let pollClosed: () => void = () => {};
  const closePoll = (): void => {
    pollOpen = false;
    pollClosed();
  };
  client.on('poll:start', () => {
    pollOpen = internals.activeTasksCount < concurrency;
    internals.options.interval = internals.activeTasksCount >= concurrency ? FULL_PAUSE_MS : 0;
  });
  client.on('poll:success', () => {
    if (failures > 0) log.info({ baseUrl }, 'the engine answers again');
    failures = 0;
    closePoll();
  });
  client.on('poll:error', (error: unknown) => {
    closePoll();
    if (draining) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
    pollAgainIn(pause);
    log.warn({ error: String(error), pause }, 'the engine cannot be polled');
  });

  /** The client has read its interval before the poll, so a pause is made by holding its polls. */
  function pollAgainIn(pause: number): void {
    client.stop();
    setTimeout(() => {
      if (!draining) client.start();
    }, pause);
  }

  for (const one of work) {
    client.subscribe(
      topicOf(one.definition.key, one.step.name),
      { variables: [...new Set([...Object.keys(one.step.input.shape), ...COMMON_VARIABLES])] },
      ({ task, taskService }) => {
        const done = handle(task as EngineTask, taskService, one);
        running.add(done);
        return done.finally(() => running.delete(done));
      },
    );
  }
  client.start();

  async function handle(task: EngineTask, taskService: TaskService, one: Work): Promise<void> {
    // A poll that was answered while the stop began: somebody else does it.
    if (draining) return taskService.unlock(task).catch(() => {});
    const extending = setInterval(() => {
      taskService.extendLock(task, lockDurationMs).catch((error: unknown) => {
        log.warn({ taskId: task.id, error: String(error) }, 'the lock was not extended');
      });
    }, lockDurationMs / 2);
    let done = false;
    try {
      done = await runTask(task, taskService, one, { ...options, stopping: stopping.signal });
    } catch (error) {
      // It is given back for another attempt; what was journaled stays.
      log.error({ err: error, taskId: task.id }, 'the task was left');
      await sleep(LEFT_PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {});
    } finally {
      clearInterval(extending);
    }
    if (!done) await taskService.unlock(task).catch(() => {});
  }

  return {
    async stop(timeoutMs) {
      draining = true;
      client.stop();
      const late = new AbortController();
      const timeUp = sleep(timeoutMs, undefined, { signal: late.signal }).catch(() => {});
      // An open poll is left to end by itself: the engine would go on to lock tasks for one whose
      // connection was cut, and nobody could do them until that lock ran out.
      const quiet = new Promise<void>((resolve) => {
        pollClosed = resolve;
        if (!pollOpen) resolve();
      });
      await Promise.race([quiet.then(() => Promise.allSettled(running)), timeUp]);
      late.abort();
      polling.abort(new Error('the worker stops'));
      stopping.abort(new Error('the worker stops'));
      await Promise.allSettled(running);
    },
  };
}
