import { cutText, EngineRefusedError, EngineUnavailableError, type Json } from '../common/index.ts';
import type { EngineVariable } from '../engine/index.ts';
import { type Audit, type StepFailed, type StoredEvent, taskKeyPrefix } from '../process/index.ts';
import type { ExternalTask } from './external-tasks.ts';
import type { WorkerPorts } from './hand-out.ts';
import { journalOutcome } from './journal-outcome.ts';
import { reportEvent } from './report-event.ts';
import { MAX_CODE, type Outcome } from './run-handler.ts';
import { findFinal, findUnreported, readJournal, reportJournaled } from './run-step.ts';
import { readSentVariables } from './sent-variables.ts';
import { readInput, readOutput } from './step-data.ts';
import type { ConfiguredStep, StepRun } from './step-run.ts';
import { createFindTaskStep } from './topics.ts';
import { engineWorker, type WorkerElsewhere } from './worker-name.ts';

/** What a worker says of its task. */
export type WorkerResult =
  | { kind: 'complete'; variables: Record<string, EngineVariable> }
  | {
      kind: 'failure';
      message: string | null;
      details: string | null;
      /** Left out: as the retry policy of the step says. */
      retriesLeft?: number | undefined;
      retryIn?: number | undefined;
    }
  | { kind: 'bpmn-error'; code: string; message: string | null };

/** Why something cannot be done with a task. */
export type NotHeld =
  /** It is not open, or of no step that is done elsewhere. */
  | { kind: 'unknown' }
  /** Another worker has it. */
  | { kind: 'locked'; by: string };

export type ResultAnswer =
  /** The journal has it, and mostly the engine: if not yet, it gets it with the next fetch. */
  | { kind: 'done' }
  | NotHeld
  | { kind: 'invalid'; message: string }
  /** The database did not answer: nothing is known to be written. */
  | { kind: 'not-journaled' };

/** A task in the hands of a worker. */
interface Held {
  run: StepRun;
  input: Json;
  /** When it was fetched, in milliseconds; undefined when that is not known here. */
  since?: number;
}

/** Milliseconds for which a task that nobody has is locked for the worker who reports on it. */
const CLAIM_MS = 30_000;
/** UTF-16 units of the texts of a failure that are journaled. */
const MAX_MESSAGE = 4_000;
/** For people and clients, as for an answer over HTTP. */
const STATUS = { completed: 200, business: 422, technical: 500 } as const;

/**
 * Takes the results of workers elsewhere, journal first (G2). A result that the journal has is reported to the engine
 * again: the first one counts.
 */
export function createWorkerResults(options: WorkerPorts) {
  const { steps, tasks, ports, openRun, handedOut, clock, journalTimeout } = options;
  const findStep = createFindTaskStep(steps);

  return { take, claim };

  async function take(
    id: string,
    worker: WorkerElsewhere,
    result: WorkerResult,
  ): Promise<ResultAnswer> {
    const held = await hold(id, worker);
    if ('kind' in held) return held;
    const { observer } = ports;
    let answer: ResultAnswer = { kind: 'not-journaled' };
    const work = async (): Promise<boolean> => {
      answer = await journalAndReport(held, result);
      return answer.kind === 'done';
    };
    await (observer ? observer.aroundStep(held.run, work) : work());
    return answer;
  }

  /** The task with all that its run needs, when the worker has its lock. */
  async function hold(
    id: string,
    worker: WorkerElsewhere,
  ): Promise<Held | Extract<ResultAnswer, { kind: 'done' }> | NotHeld> {
    const workerId = engineWorker(worker);
    const by = { actor: worker.actor, stopping: journalTimeout() };
    const known = handedOut.get(id, workerId);
    // What was read of the stream is of the time of the fetch.
    if (known) return { ...known, run: { ...known.run, ...by, read: undefined } };
    const found = await claim(id, workerId);
    if (found.kind !== 'held') return (await isFinal(id)) ? { kind: 'done' } : found;
    const { task, step } = found;
    const names = Object.keys(step.step.input.shape);
    const opened = await tasks.open(task, workerId, names).catch((error: unknown) => {
      // Race: it has ended since it was found.
      if (error instanceof EngineRefusedError && error.httpStatus === 404) return null;
      throw error;
    });
    const run = opened && (await openRun(opened, step, by));
    return run ? { run, input: readInput(run).input } : { kind: 'unknown' };
  }

  /**
   * Finds a task that the worker has. One that nobody has is locked for it: the embedded engine has no locks any more when it has
   * restarted, and a result must not be lost with them.
   */
  async function claim(
    id: string,
    workerId: string,
    lockMs = CLAIM_MS,
  ): Promise<{ kind: 'held'; task: ExternalTask; step: ConfiguredStep } | NotHeld> {
    const task = await tasks.find(id);
    const step = task && findStep(task);
    if (!task || !step) return { kind: 'unknown' };
    if (task.workerId === workerId) return { kind: 'held', task, step };
    if (task.workerId !== null) return { kind: 'locked', by: task.workerId };
    try {
      await tasks.lock(id, workerId, lockMs);
    } catch (error) {
      if (!(error instanceof EngineRefusedError)) throw error;
      // Race: somebody has taken or ended it meanwhile.
      const later = await tasks.find(id);
      return later?.workerId ? { kind: 'locked', by: later.workerId } : { kind: 'unknown' };
    }
    return { kind: 'held', task: { ...task, workerId }, step };
  }

  /** Whether the journal has the end of a task, which the engine may not know any more. */
  async function isFinal(id: string): Promise<boolean> {
    const journal = await ports.eventStore.findByDedupePrefix(taskKeyPrefix(id));
    return findFinal(journal.filter((event) => taskIdOf(event) === id)) !== undefined;
  }

  async function journalAndReport(held: Held, result: WorkerResult): Promise<ResultAnswer> {
    const { run } = held;
    const { task } = run;
    const { journal, stream } = await readJournal(run);
    // A failure that was sent again because its answer was lost is the same one.
    const known = result.kind === 'failure' ? findUnreported(task, journal) : findFinal(journal);
    if (known && (await untilReported(run, () => reportJournaled(run, known)))) {
      if (findFinal(journal)) handedOut.delete(task.id);
      return { kind: 'done' };
    }
    const outcome = outcomeOf(held, result);
    if (outcome.kind === 'invalid') return outcome;
    if (outcome.kind !== 'completed') {
      const reason = run.isPersonal ? {} : { reason: outcome.message };
      const { kind, code } = outcome;
      run.log.warn({ attempt: journal.length + 1, kind, code, ...reason }, 'step failed elsewhere');
    }
    const event = await journalOutcome(run, outcome, journal.length, stream);
    if (!event) return { kind: 'not-journaled' };
    await untilReported(run, () => reportEvent(run, event).then(() => true));
    if (event.type === 'step-failed') failed(event);
    else handedOut.delete(task.id);
    return { kind: 'done' };
  }

  /** The engine gets what the journal has with the next fetch, if it is away now. @returns true then, too */
  async function untilReported(run: StepRun, report: () => Promise<boolean>): Promise<boolean> {
    try {
      return await report();
    } catch (error) {
      if (!(error instanceof EngineUnavailableError)) throw error;
      run.log.warn({ taskId: run.task.id, error: error.message }, 'journaled, but not reported');
      return true;
    }
  }

  /** The same failure may be sent again until the engine hands the task out again. */
  function failed({ data }: StoredEvent & StepFailed): void {
    const { taskId, kind, retriesLeft, retryIn } = data;
    if (kind === 'business') handedOut.delete(taskId);
    else if (retriesLeft > 0) handedOut.endBy(taskId, clock() + retryIn);
  }

  function outcomeOf(
    { run, input, since }: Held,
    result: WorkerResult,
  ): Exclude<Outcome, { kind: 'interrupted' }> | { kind: 'invalid'; message: string } {
    const { step } = run;
    const auditOf = (kind: keyof typeof STATUS): Audit => ({
      targetSystem: 'CamundaEngine',
      ...step.audit,
      httpStatusCode: STATUS[kind],
      executionTime: since === undefined ? undefined : Math.max(0, Math.round(clock() - since)),
      result: kind === 'completed' ? step.successText : step.errorText,
    });
    switch (result.kind) {
      case 'complete': {
        const sent = readSentVariables(result.variables);
        if (sent.kind === 'unreadable') return { kind: 'invalid', message: sent.message };
        const made = readOutput(step, sent.values, {
          what: 'variables',
          textOf: (_name, value) => (value instanceof Date ? value.toISOString() : undefined),
        });
        if (made.kind === 'unfit') return { kind: 'invalid', message: made.message };
        const { output, dates } = made;
        return { kind: 'completed', input, output, dates, audit: auditOf('completed') };
      }
      case 'failure': {
        const { message, details, retriesLeft, retryIn } = result;
        const text = [message, details].filter(Boolean).join('\n');
        return {
          kind: 'technical',
          input,
          code: 'STEP_FAILED',
          message: cutText(text || 'the worker gave no reason', MAX_MESSAGE),
          nonRetryable: false,
          asked: { retriesLeft, retryIn },
          audit: auditOf('technical'),
        };
      }
      case 'bpmn-error': {
        const code = cutText(result.code, MAX_CODE);
        const message = cutText(result.message || code, MAX_MESSAGE);
        return { kind: 'business', input, code, message, audit: auditOf('business') };
      }
      default:
        return result satisfies never;
    }
  }
}

function taskIdOf(event: StoredEvent): string | undefined {
  return event.type === 'step-completed' || event.type === 'step-failed'
    ? event.data.taskId
    : undefined;
}
