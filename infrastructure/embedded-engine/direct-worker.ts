import { randomUUID } from 'node:crypto';
import { EngineRefusedError, sleep } from '../../domain/common/index.ts';
import type { HandleTask, Report, StepLogger, Topic } from '../../domain/steps/index.ts';
import { NO_OBSERVER, type WorkerObserver } from '../worker/reports.ts';
import { createTaskRuns, type RunningWorker } from '../worker/task-runs.ts';
import { callDirectly } from './direct-call.ts';
import { toTask } from './direct-task.ts';
import type { EmbeddedEngine, Fetch, LockedTask, TopicRequest } from './engine-api.ts';

interface DirectWorkerOptions {
  engine: Pick<EmbeddedEngine, 'externalTasks'>;
  /** Whose tasks are taken. */
  topics: readonly Topic[];
  handleTask: HandleTask;
  /** Tasks that run at once. */
  concurrency: number;
  log: StepLogger;
  observer?: WorkerObserver | undefined;
  /** Called when slots may have become free. */
  onFree?: (() => void) | undefined;
}

/** A hold has no clock: it ends with its task, with the worker, or with the process, which takes all holds along. */
const AS_LONG_AS_IT_LIVES = Number.POSITIVE_INFINITY;
/** The longest that the engine lets anybody wait. */
const FETCH_TIMEOUT_MS = 1_800_000;
/** Delay after the engine could not look for tasks. */
const FETCH_AGAIN_DELAY_MS = 1_000;
/**
 * Delays before a task whose report the engine did not take is handed out again, to report the same: its file could not
 * be written; or the engine cannot continue the instance, which somebody has to mend.
 */
const REPORT_AGAIN_DELAY_MS = { unreachable: 1_000, refused: 30_000 };

/**
 * Does the external tasks of an engine in this process, by direct calls. An open fetch is answered by the commit that
 * opens a task, so a handler begins in the same turn of the event loop.
 */
export function startDirectWorker(options: DirectWorkerOptions): RunningWorker {
  const { engine, handleTask, concurrency, log, onFree = () => {} } = options;
  const { externalTasks } = engine;
  const { onPoll, makeCall } = options.observer ?? NO_OBSERVER;
  const workerId = `service-${randomUUID()}`;
  const topics = options.topics.map(requestFor);
  const runs = createTaskRuns();
  const held = new Set<LockedTask>();
  let open: Fetch | undefined;

  /** Asks for as many tasks as there is room for; one fetch at a time is open. */
  function fetch(): void {
    const maxTasks = concurrency - runs.count;
    onFree();
    if (open || maxTasks <= 0 || runs.draining.aborted || topics.length === 0) return;
    try {
      open = externalTasks.fetchAndLock({
        workerId,
        maxTasks,
        usePriority: true,
        topics,
        asyncResponseTimeout: FETCH_TIMEOUT_MS,
      });
    } catch (error) {
      fetchLater(error);
      return;
    }
    open.tasks.then(
      (tasks) => {
        open = undefined;
        onPoll('ok');
        for (const task of tasks) void hold(task).finally(fetch);
        fetch();
      },
      (error: unknown) => {
        open = undefined;
        fetchLater(error);
      },
    );
  }

  function fetchLater(error: unknown): void {
    onPoll('error');
    log.warn({ error: String(error) }, 'the embedded engine cannot look for tasks');
    void sleep(FETCH_AGAIN_DELAY_MS, runs.draining).then(fetch);
  }

  function hold(task: LockedTask): Promise<void> {
    held.add(task);
    return runs.run(task.id, () => handle(task)).finally(() => held.delete(task));
  }

  async function handle(locked: LockedTask): Promise<void> {
    // A fetch that was answered while the stop began: another worker does it.
    if (runs.draining.aborted) return handBack(locked);
    let last: Report | undefined;
    const task = toTask(locked, {
      externalTasks,
      workerId,
      makeCall,
      onReport: (report) => {
        last = report;
      },
    });
    const isDone = await handleTask(task, runs.stopping);
    // With a real engine the lock would run out.
    if (isDone && (last?.kind === 'unreachable' || last?.kind === 'refused')) {
      await sleep(REPORT_AGAIN_DELAY_MS[last.kind], runs.draining);
    } else if (isDone) return;
    await handBack(locked);
  }

  /** Frees a task for others at once, unless somebody has it already, or it is gone. */
  async function handBack({ id, businessKey }: LockedTask): Promise<void> {
    try {
      await callDirectly(async () => {
        if (externalTasks.get(id).workerId === workerId) await externalTasks.unlock(id);
      });
    } catch (error) {
      if (error instanceof EngineRefusedError && error.httpStatus === 404) return;
      log.warn({ businessKey, taskId: id, error: String(error) }, 'the task was not handed back');
    }
  }

  fetch();
  return {
    // While tasks wait in the engine, a fetch is answered at once, and none stays open.
    freeSlots: () => (open || topics.length === 0 ? concurrency - runs.count : 0),
    endedTasks: () => runs.ended,
    async stop(timeoutMs) {
      open?.cancel();
      await runs.drain(timeoutMs);
      // Their handlers, or reports, do not end.
      await Promise.all([...held].map(handBack));
    },
  };
}

function requestFor({ name, variables, processKeys }: Topic): TopicRequest {
  return {
    topicName: name,
    lockDuration: AS_LONG_AS_IT_LIVES,
    variables,
    ...(processKeys ? { processDefinitionKeyIn: processKeys } : {}),
  };
}
