import {
  type ProcessStream,
  processOf,
  type StoredEvent,
  taskKeyPrefix,
} from '../process/index.ts';
import { endsStream, journalOutcome } from './journal-outcome.ts';
import { failureMark, isTakenBack, reportEvent } from './report-event.ts';
import { runHandler } from './run-handler.ts';
import type { StepRun } from './step-run.ts';
import type { Task } from './task.ts';

/**
 * Runs the step of one task, journal first (G2): looks in the journal for what is left to do, runs the handler when
 * nothing is there, journals the outcome, and only then reports it to the engine. A task that comes again, because
 * the process died, its lock ran out or an answer was lost, finds what was journaled and does not run its handler a
 * second time.
 *
 * @returns false when nothing was done and the task should be handed back
 */
export async function runStep(run: StepRun): Promise<boolean> {
  const { journal, stream } = await readJournal(run);
  if (await reportJournaled(run, findUnreported(run.task, journal))) return true;
  return run.stopping.aborted ? false : runAttempt(run, journal.length, stream);
}

/**
 * Reports an event that the engine may not know, unless a retry has taken it back.
 *
 * @returns whether it did: the step is not to run again
 */
export async function reportJournaled(
  run: StepRun,
  known: StoredEvent | undefined,
): Promise<boolean> {
  if (!known || (await isTakenBack(run, known))) return false;
  run.log.info(
    { taskId: run.task.id, event: known.type },
    'the task was done before; reporting it to the engine',
  );
  await reportEvent(run, known);
  return true;
}

/**
 * What is in the journal for the task. The stream is read as a whole where that saves another look: it was just read to
 * find the owner of the task, or is needed for the end of the process.
 */
export async function readJournal(
  run: StepRun,
): Promise<{ journal: readonly StoredEvent[]; stream?: ProcessStream }> {
  const { task, read, ports } = run;
  const { correlationId } = run.stream;
  const prefix = taskKeyPrefix(task.id);
  if (!read && !endsStream(run)) {
    return { journal: await ports.eventStore.findByDedupePrefix(prefix, correlationId) };
  }
  const stream = processOf(read ?? (await ports.eventStore.readStream(correlationId)));
  return {
    journal: stream.events.filter(({ dedupeKey }) => dedupeKey?.startsWith(prefix)),
    stream,
  };
}

/** @returns false when the service stopped before the attempt was journaled */
async function runAttempt(
  run: StepRun,
  earlierFailures: number,
  stream: ProcessStream | undefined,
): Promise<boolean> {
  const attempt = earlierFailures + 1;
  const outcome = await runHandler(run, attempt);
  if (outcome.kind === 'interrupted') return false;
  if (outcome.kind !== 'completed') {
    const reason = run.isPersonal ? {} : { reason: outcome.message };
    run.log.warn({ attempt, kind: outcome.kind, code: outcome.code, ...reason }, 'step failed');
  }
  const event = await journalOutcome(run, outcome, earlierFailures, stream);
  if (!event) return false;
  await reportEvent(run, event);
  return true;
}

/** The journaled event that the engine may not know, if there is one. */
export function findUnreported(
  task: Pick<Task, 'reportedMark'>,
  journal: readonly StoredEvent[],
): StoredEvent | undefined {
  const final = findFinal(journal);
  if (final) return final;
  const last = journal.at(-1);
  // A technical failure that was reported left its mark in the engine; when the task is here again then, it is time
  // for the next attempt.
  if (last?.type !== 'step-failed') return undefined;
  return task.reportedMark === failureMark(last) ? undefined : last;
}

/** What ended a task finally: its result, or a refusal. */
export function findFinal(journal: readonly StoredEvent[]): StoredEvent | undefined {
  const completed = journal.find((event) => event.type === 'step-completed');
  if (completed) return completed;
  const last = journal.at(-1);
  return last?.type === 'step-failed' && last.data.kind === 'business' ? last : undefined;
}
