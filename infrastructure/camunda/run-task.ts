import type { TaskService } from 'camunda-external-task-client-js';
import { logIds } from '../../domain/common/index.ts';
import { type StoredEvent, taskKeyPrefix } from '../../domain/process/index.ts';
import type { EngineTask } from './engine-task.ts';
import { journalOutcome } from './journal-outcome.ts';
import { isTakenBack, reportEvent } from './report-event.ts';
import { runHandler } from './run-handler.ts';
import type { TaskStream } from './task-owner.ts';
import type { TaskPorts, TaskRun, Work } from './task-run.ts';
import { failureMark } from './tell-engine.ts';

/**
 * Does one external task: finds out from the journal what is left to do, does it, journals it, and only
 * then tells the engine (G2). A task that comes again, because the process died, its lock ran out or an
 * answer was lost, finds what was journaled and does not run its handler a second time.
 *
 * @returns false when nothing was done and the lock should be given back
 */
export async function runTask(
  task: EngineTask,
  taskService: TaskService,
  work: Work,
  stream: TaskStream,
  ports: TaskPorts,
): Promise<boolean> {
  const { definition, step } = work;
  const ids = logIds(stream.correlationId, stream.identity.traceparent);
  const log = ports.log.child({ ...ids, process: definition.key, step: step.name });
  const isPersonal = definition.personal.length > 0;
  const run: TaskRun = { task, taskService, work, stream, ports, log, isPersonal };

  const journal = await ports.eventStore.findByDedupePrefix(taskKeyPrefix(task.id));
  const known = journaled(task, journal);
  if (known && !(await isTakenBack(run, known))) {
    log.info(
      { taskId: task.id, event: known.type },
      'the task was done before; telling the engine',
    );
    await reportEvent(run, known);
    return true;
  }
  return ports.stopping.aborted ? false : runAttempt(run, journal.length);
}

/** @returns false when the service stopped before the attempt was journaled */
async function runAttempt(run: TaskRun, earlierFailures: number): Promise<boolean> {
  const { task, work, stream, ports, log, isPersonal } = run;
  const attempt = earlierFailures + 1;
  const outcome = await runHandler({
    ...work,
    correlationId: stream.correlationId,
    identity: stream.identity,
    taskId: task.id,
    attempt,
    variables: task.variables.getAll(),
    log,
    stopping: ports.stopping,
    tracing: ports.tracing,
  });
  if (outcome.kind === 'interrupted') return false;
  if (outcome.kind !== 'completed') {
    const reason = isPersonal ? {} : { reason: outcome.message };
    log.warn({ attempt, kind: outcome.kind, code: outcome.code, ...reason }, 'step failed');
  }
  const event = await journalOutcome(run, outcome, earlierFailures);
  if (!event) return false;
  await reportEvent(run, event);
  return true;
}

/** The journaled event that the engine has not heard of, if there is one. */
function journaled(task: EngineTask, journal: readonly StoredEvent[]): StoredEvent | undefined {
  const completed = journal.find((event) => event.type === 'step-completed');
  if (completed) return completed;
  const last = journal.at(-1);
  if (last?.type !== 'step-failed') return undefined;
  // A refusal is final. A technical failure that was reported left its mark in the engine; when the
  // task is here again then, it is time for the next attempt.
  if (last.data.kind === 'business') return last;
  return task.errorDetails === failureMark(last) ? undefined : last;
}
