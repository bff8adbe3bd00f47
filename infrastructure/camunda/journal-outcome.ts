import { setTimeout as sleep } from 'node:timers/promises';
import {
  type JsonObject,
  StoreUnavailableError,
  VersionConflictError,
} from '../../domain/common/index.ts';
import {
  type Command,
  decide,
  type Outcome as End,
  fold,
  lastRefusal,
  type ProcessEvent,
  type StoredEvent,
} from '../../domain/process/index.ts';
import { DEFAULT_RETRY, type StepDefinition } from '../../domain/steps/index.ts';
import type { EngineTask } from './engine-task.ts';
import type { Outcome } from './run-handler.ts';
import type { TaskRun } from './task-run.ts';

type Done = Exclude<Outcome, { kind: 'interrupted' }>;

/** Longest pause between two attempts to journal, in milliseconds. */
const MAX_JOURNAL_PAUSE_MS = 2_000;

/**
 * Appends what came of an attempt. Tries until the database takes it: the work is done.
 *
 * @returns the event; undefined when the service stopped first
 */
export async function journalOutcome(
  run: TaskRun,
  done: Done,
  earlierFailures: number,
): Promise<StoredEvent | undefined> {
  const { step } = run.work;
  const isFinal = done.kind === 'completed' && endsStream(run);
  const retriesLeft =
    done.kind === 'technical' && !done.hopeless ? retriesAfter(run.task, step) : 0;
  const needsStream = isFinal || (done.kind === 'technical' && retriesLeft === 0);
  const stored = await appendDecided(run, needsStream, (events) => {
    const command =
      done.kind === 'completed'
        ? completion(run, done, earlierFailures, isFinal ? events : null)
        : failure(run, done, earlierFailures, retriesLeft);
    return decide(command, fold(events));
  });
  return stored?.[0];
}

/** Ends the process, unless it has ended; tries as `journalOutcome` does. */
export async function journalEnd(run: TaskRun, outcome: End): Promise<void> {
  const { processName, identity } = run.stream;
  await appendDecided(run, true, (events) =>
    decide({ type: 'end-process', processName, identity, outcome }, fold(events)),
  );
}

/**
 * Decides and appends until the database takes it, and nobody else has appended in between when the decision
 * needs to know the stream.
 *
 * @returns what the store holds; undefined when the service stopped first, or there was nothing to append
 */
async function appendDecided(
  { stream: { correlationId }, ports, log }: TaskRun,
  needsStream: boolean,
  decideOn: (events: readonly StoredEvent[]) => ProcessEvent[],
): Promise<StoredEvent[] | undefined> {
  const { eventStore, stopping } = ports;
  for (let pause = 50; ; pause = Math.min(MAX_JOURNAL_PAUSE_MS, pause * 2)) {
    try {
      const events = needsStream ? await eventStore.readStream(correlationId) : [];
      const decided = decideOn(events);
      if (decided.length === 0) return undefined;
      const options = needsStream ? { expectedVersion: events.at(-1)?.version ?? 0 } : {};
      return (await eventStore.append(correlationId, decided, options)).events;
    } catch (error) {
      // Somebody appended in between: the process may have ended, so decide again.
      if (error instanceof VersionConflictError) continue;
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (stopping.aborted) return undefined;
      log.warn({ error: error.message, pause }, 'the journal cannot be written, trying again');
      await sleep(pause);
    }
  }
}

/** A final step of a process that was called ends that, not the one that called it. */
function endsStream({ work: { definition, step }, stream }: TaskRun): boolean {
  return step.ends !== undefined && definition.key === stream.processName;
}

/** @param events the stream, for a step that ends it */
function completion(
  run: TaskRun,
  { input, output, dates, audit }: Extract<Done, { kind: 'completed' }>,
  earlierFailures: number,
  events: readonly StoredEvent[] | null,
): Command {
  const { step } = run.work;
  const data = {
    ...dataOf(run, earlierFailures),
    input,
    output,
    ...(dates.length > 0 ? { dates } : {}),
  };
  const ends = events && step.ends && endOf(step.ends, output, events);
  const common = { ...commonOf(run), audit, data };
  return { ...common, type: 'complete-step', ...(ends ? { ends } : {}) };
}

function failure(
  run: TaskRun,
  { kind, code, message, input, audit }: Exclude<Done, { kind: 'completed' }>,
  earlierFailures: number,
  retriesLeft: number,
): Command {
  const retryIn = retriesLeft > 0 ? pauseAfter(earlierFailures + 1, run.work.step) : 0;
  const shared = { ...dataOf(run, earlierFailures), input };
  const data = { ...shared, kind, code, message, retriesLeft, retryIn };
  return { ...commonOf(run), audit, type: 'fail-step', data, earlierFailures };
}

function commonOf({ work: { step }, stream: { processName, identity } }: TaskRun) {
  return { processName, identity, step: { name: step.name, number: step.number } };
}

function dataOf({ task, work: { definition }, stream }: TaskRun, earlierFailures: number) {
  const { key } = definition;
  return {
    taskId: task.id,
    attempt: earlierFailures + 1,
    instanceId: stream.instanceId,
    ...(key === stream.processName ? {} : { calledProcess: key }),
  };
}

/** The engine's own count rules: an operator may have set it back. */
function retriesAfter(task: EngineTask, step: StepDefinition): number {
  const { attempts } = { ...DEFAULT_RETRY, ...step.retry };
  const before = task.retries ?? attempts;
  return Math.max(0, before - 1);
}

function pauseAfter(attempt: number, step: StepDefinition): number {
  const { backoff, maxBackoff } = { ...DEFAULT_RETRY, ...step.retry };
  return Math.min(maxBackoff, backoff * 2 ** (attempt - 1));
}

function endOf(how: 'ok' | 'error', output: JsonObject, events: readonly StoredEvent[]): End {
  if (how === 'ok') return { status: 'ok', result: output };
  return {
    status: 'error',
    kind: 'business',
    code: String(output.code ?? 'REFUSED'),
    message: String(output.message ?? 'the process refused'),
    step: lastRefusal(events)?.step.name ?? null,
  };
}
