import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { HandleTask, StepLogger, Topic } from '../../domain/steps/index.ts';
import { NO_OBSERVER, type WorkerObserver } from '../worker/reports.ts';
import { createTaskRuns, type RunningWorker } from '../worker/task-runs.ts';
import { type CallOwnTask, type FetchedTask, toTask } from './camunda-task.ts';
import { noAuth } from './engine-auth.ts';
import { createExpectedTasks } from './expected-tasks.ts';
import { type ClientOptions, createClient } from './external-task-client.ts';
import { createRestClient } from './rest-client.ts';
import { callTask } from './task-reports.ts';

interface WorkerOptions extends ClientOptions {
  /** Whose tasks are fetched. */
  topics: readonly Topic[];
  handleTask: HandleTask;
  log: StepLogger;
  observer?: WorkerObserver | undefined;
  /** Called when slots may have become free. */
  onFree?: (() => void) | undefined;
}

/** Delays after a failed poll, in milliseconds: the client itself would poll in a hot loop. */
const MIN_POLL_DELAY_MS = 100;
const MAX_POLL_DELAY_MS = 5_000;
/** Milliseconds between two polls while `concurrency` tasks run. */
const FULL_INTERVAL_MS = 5;
/** Milliseconds for one attempt at a call about a task. */
const CALL_TIMEOUT_MS = 15_000;
/** The poll may take this much longer than asked before the connection counts as dead. */
const POLL_GRACE_MS = 10_000;
/**
 * Longest poll while a task is expected, or may wait in the engine, in milliseconds. An empty answer says for sure
 * that no task is there; of a long poll without an answer yet, a busy engine may not even have read the request.
 */
const EXPECTING_POLL_MS = 50;

/**
 * Fetches external tasks with Camunda's own client, and has each of them handled: long polling without
 * pause while tasks come, a growing delay while the engine is away.
 */
export function startWorker(options: WorkerOptions): RunningWorker {
  const { topics, handleTask, concurrency, lockDurationMs, longPollMs, log } = options;
  const { onFree = () => {} } = options;
  const { onPoll, makeCall } = options.observer ?? NO_OBSERVER;
  const runs = createTaskRuns();
  // An id of its own: two instances with the same would share their locks.
  const workerId = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const { baseUrl, auth = noAuth() } = options;
  const calls = createRestClient({ baseUrl, auth, timeoutMs: CALL_TIMEOUT_MS });
  const polls = createRestClient({ baseUrl, auth, timeoutMs: longPollMs + POLL_GRACE_MS });
  const client = createClient(options, { workerId, call: polls.call });
  const expected = createExpectedTasks();
  let failures = 0;
  let resume: NodeJS.Timeout | undefined;
  let pollOpen = false;
  /** For how many tasks the open or last poll asked. */
  let asked = concurrency;
  /** Whether the engine had more tasks than it was asked for, as far as the polls say. */
  let mayHaveMore = false;
  let pollClosed: () => void = () => {};
  /** Fulfilled when no poll is open; pending only during a stop. */
  let quiet = Promise.resolve();
  const closePoll = (): void => {
    pollOpen = false;
    pollClosed();
  };
  client.on('poll:start', () => {
    pollOpen = client.activeTasksCount < concurrency;
    if (pollOpen) {
      expected.polling();
      asked = concurrency - client.activeTasksCount;
    }
    client.options.asyncResponseTimeout =
      mayHaveMore || expected.count > 0 ? Math.min(EXPECTING_POLL_MS, longPollMs) : longPollMs;
    client.options.interval = client.activeTasksCount >= concurrency ? FULL_INTERVAL_MS : 0;
  });
  client.on('poll:success', (tasks: unknown) => {
    onPoll('ok');
    if (failures > 0) log.info({ failures }, 'the engine answers again');
    failures = 0;
    markNulls(tasks as readonly FetchedVariables[]);
    mayHaveMore = (tasks as readonly unknown[]).length >= asked;
    expected.polled();
    onFree();
    closePoll();
  });
  client.on('poll:error', (error: unknown) => {
    closePoll();
    if (runs.draining.aborted) return;
    onPoll('error');
    const pause = Math.min(MAX_POLL_DELAY_MS, MIN_POLL_DELAY_MS * 2 ** failures++);
    pollAgainIn(pause);
    log.warn({ error: String(error), pause }, 'the engine cannot be polled');
  });

  /** The client has read its interval before the poll, so a pause is made by holding its polls. */
  function pollAgainIn(pause: number): void {
    client.stop();
    resume = setTimeout(() => client.start(), pause);
  }

  for (const { name, variables, processKeys } of topics) {
    client.subscribe(
      name,
      // The types have one key only: https://github.com/DefinitelyTyped/DefinitelyTyped/blob/master/types/camunda-external-task-client-js
      { variables, processDefinitionKeyIn: processKeys as never },
      ({ task }) => {
        const fetched = task as FetchedTask;
        const isAgain = runs.has(fetched.id);
        const { processInstanceId = '' } = fetched;
        expected.came(processInstanceId);
        const done = runs
          .run(fetched.id, () =>
            handle(fetched).finally(() => expected.reported(processInstanceId)),
          )
          .finally(onFree);
        // The client counts a slot until the promise ends. A task that came again waits for its earlier run, and would
        // take the slots of others meanwhile, one at each expiry of its lock.
        if (!isAgain) return done;
        done.catch((error: unknown) => {
          log.warn({ ...idsOf(fetched), error: String(error) }, 'a repeated task has failed');
        });
      },
    );
  }
  // With nothing to ask for, the client would go round without a pause.
  if (topics.length > 0) client.start();

  async function handle(fetched: FetchedTask): Promise<void> {
    const call: CallOwnTask = (operation, body) =>
      makeCall(operation, () =>
        callTask(calls.call, { id: fetched.id, workerId }, operation, body),
      );
    // A poll that was answered while the stop began: another worker does it.
    if (runs.draining.aborted) return handBack(fetched, call);
    const extending = setInterval(() => {
      call('extendLock', { newDuration: lockDurationMs }).catch((error: unknown) => {
        log.warn({ ...idsOf(fetched), error: String(error) }, 'the lock was not extended');
      });
    }, lockDurationMs / 3);
    // Both change the task in the engine: under load an extension was what the report kept meeting.
    // When the lock runs out, the next worker finds the journal, and reports the same.
    const onReport = (): void => clearInterval(extending);
    const task = toTask(fetched, call, onReport);
    const isDone = await handleTask(task, runs.stopping).finally(() => clearInterval(extending));
    if (!isDone) await handBack(fetched, call);
  }

  /**
   * Frees a task for others at once. Any worker may unlock any task, so the call that only the owner of
   * the lock may make comes first: a worker that has lost its lock must not break somebody else's.
   */
  async function handBack(fetched: FetchedTask, call: CallOwnTask): Promise<void> {
    // Camunda would give the task to the poll that is still open here.
    await quiet;
    try {
      await call('extendLock', { newDuration: lockDurationMs });
      await call('unlock');
    } catch (error) {
      // Nothing is lost: the task is free when its lock runs out.
      log.warn({ ...idsOf(fetched), error: String(error) }, 'the task was not handed back');
    }
  }

  return {
    freeSlots: () => (mayHaveMore ? 0 : concurrency - runs.count - expected.count),
    onStarted: expected.started,
    endedTasks: () => runs.ended,
    async stop(timeoutMs) {
      client.stop();
      clearTimeout(resume);
      // An open poll ends by itself: for a poll whose connection was cut the engine would still
      // lock tasks, and nobody could do them until that lock expired.
      quiet = new Promise<void>((resolve) => {
        pollClosed = resolve;
        if (!pollOpen) resolve();
      });
      await runs.drain(timeoutMs, () => quiet);
      // An engine that takes calls and does not answer them would hold up the stop.
      const reason = new Error('the worker stops');
      await Promise.all([polls.abort(reason), calls.abort(reason)]);
      await runs.settle();
    },
  };
}

/** The ids in a log line about a task. */
function idsOf({ businessKey, id }: FetchedTask): object {
  return { businessKey, taskId: id };
}

interface FetchedVariables {
  variables?: Record<string, { type: string; value: unknown }>;
}

/** The client makes the first day of 1970 of a date without a value: it looks at the type only. */
function markNulls(tasks: readonly FetchedVariables[]): void {
  for (const { variables = {} } of tasks) {
    for (const variable of Object.values(variables)) {
      if (variable.value === null) variable.type = 'Null';
    }
  }
}
