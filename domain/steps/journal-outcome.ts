import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonObject, StoreUnavailableError } from '../common/index.ts';
import {
  type Command,
  decide,
  type Outcome as End,
  endProcess,
  handleCommand,
  lastRefusal,
  type ProcessStream,
  type StoredEvent,
} from '../process/index.ts';
import { DEFAULT_RETRY, type StepDefinition } from './define-process.ts';
import type { Outcome } from './run-handler.ts';
import type { StepRun } from './step-run.ts';
import type { Task } from './task.ts';

type Done = Exclude<Outcome, { kind: 'interrupted' }>;

/** Delay before the second attempt to journal, doubled before each later one, and the longest, in milliseconds. */
const MIN_JOURNAL_DELAY_MS = 50;
const MAX_JOURNAL_DELAY_MS = 2_000;

/**
 * Appends what came of an attempt. Tries until the database takes it: the work is done.
 *
 * @param read the stream as it was before the attempt, if it was read
 * @returns the event; undefined when the service stopped first
 */
export async function journalOutcome(
  run: StepRun,
  done: Done,
  earlierFailures: number,
  read?: ProcessStream,
): Promise<StoredEvent | undefined> {
  const { stream, step, task, ports } = run;
  const isFinal = done.kind === 'completed' && endsStream(run);
  const retriesLeft = done.kind === 'technical' ? retriesAfter(task, step, done) : 0;
  // An event that may end the process depends on the stream; any other costs no read.
  const needsStream = isFinal || (done.kind === 'technical' && retriesLeft === 0);
  const handled = await untilStored(run, () =>
    handleCommand(
      stream.correlationId,
      ({ events, state }) => {
        const command =
          done.kind === 'completed'
            ? completion(run, done, earlierFailures, isFinal ? events : null)
            : failure(run, done, earlierFailures, retriesLeft);
        return decide(command, state);
      },
      ports.eventStore,
      needsStream ? { from: read } : { from: 'any' },
    ),
  );
  switch (handled?.kind) {
    case 'appended':
      return handled.events[0];
    case 'duplicate':
      return handled.event;
    default:
      return undefined;
  }
}

/** Ends the process, unless it has ended; tries as `journalOutcome` does. */
export async function journalEnd(run: StepRun, outcome: End): Promise<void> {
  const { stream, ports } = run;
  await untilStored(run, () =>
    endProcess(stream.correlationId, { type: 'end-process', outcome }, ports.eventStore),
  );
}

/** Repeats `work` until the database can be reached; undefined when the service stopped first. */
async function untilStored<T>(run: StepRun, work: () => Promise<T>): Promise<T | undefined> {
  for (let delay = MIN_JOURNAL_DELAY_MS; ; delay = Math.min(MAX_JOURNAL_DELAY_MS, delay * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (run.stopping.aborted) return undefined;
      run.log.warn({ error: error.message, delay }, 'the journal cannot be written, trying again');
      await sleep(delay);
    }
  }
}

/** A final step of a process that was called ends that, not the one that called it. */
export function endsStream({ definition, step, stream }: StepRun): boolean {
  return step.ends !== undefined && definition.key === stream.processName;
}

/** @param events the stream, for a step that ends it */
function completion(
  run: StepRun,
  { input, output, dates, audit }: Extract<Done, { kind: 'completed' }>,
  earlierFailures: number,
  events: readonly StoredEvent[] | null,
): Command {
  const { step } = run;
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
  run: StepRun,
  failed: Exclude<Done, { kind: 'completed' }>,
  earlierFailures: number,
  retriesLeft: number,
): Command {
  const { kind, code, message, input, audit } = failed;
  const asked = failed.kind === 'technical' ? failed.asked?.retryIn : undefined;
  const retryIn = retriesLeft > 0 ? (asked ?? delayAfter(earlierFailures + 1, run.step)) : 0;
  const shared = { ...dataOf(run, earlierFailures), input };
  const data = { ...shared, kind, code, message, retriesLeft, retryIn };
  return { ...commonOf(run), audit, type: 'fail-step', data, earlierFailures };
}

function commonOf({ step, actor, stream: { processName, identity } }: StepRun) {
  return { processName, identity, actor, step: { name: step.name, number: step.number } };
}

function dataOf({ task, definition, stream }: StepRun, earlierFailures: number) {
  const { key } = definition;
  return {
    taskId: task.id,
    attempt: earlierFailures + 1,
    instanceId: stream.instanceId,
    ...(key === stream.processName ? {} : { calledProcess: key }),
  };
}

/** The engine's own count rules: an operator may have set it back. A worker elsewhere may say how many are left. */
function retriesAfter(
  task: Task,
  step: StepDefinition,
  { nonRetryable, asked }: Extract<Done, { kind: 'technical' }>,
): number {
  if (nonRetryable) return 0;
  if (asked?.retriesLeft !== undefined) return asked.retriesLeft;
  const { attempts } = { ...DEFAULT_RETRY, ...step.retry };
  const before = task.retriesLeft ?? attempts;
  return Math.max(0, before - 1);
}

function delayAfter(attempt: number, step: StepDefinition): number {
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
