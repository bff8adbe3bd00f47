import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskService } from 'camunda-external-task-client-js';
import { cutText } from '../../../domain/cut-text.ts';
import {
  type Command,
  decide,
  type Outcome as End,
  taskKeyPrefix,
} from '../../../domain/decide.ts';
import {
  DEFAULT_RETRY,
  type ProcessDefinition,
  type StepDefinition,
  type StepLogger,
} from '../../../domain/define-process.ts';
import { StoreUnavailableError, VersionConflictError } from '../../../domain/errors.ts';
import type { StoredEvent } from '../../../domain/events.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { Engine } from '../../../domain/ports/engine.ts';
import type { EventStore } from '../../../domain/ports/event-store.ts';
import { fold } from '../../../domain/process.ts';
import { logIds } from '../../../domain/trace-context.ts';
import { noteStep } from '../../observability/observed-steps.ts';
import type { Tracing } from '../../observability/tracing.ts';
import type { InstanceCheck } from './instance-check.ts';
import { type Outcome, runHandler } from './run-handler.ts';
import { type EngineTask, identityOf, processOf } from './task-variables.ts';
import {
  failureMark,
  MAX_FAILURE_MESSAGE,
  type Told,
  tellCompleted,
  tellFailed,
  tellRefused,
} from './tell-engine.ts';

export interface TaskPorts {
  eventStore: EventStore;
  engine: Engine;
  log: StepLogger & { child(fields: object): StepLogger };
  isOurs: InstanceCheck;
  /** Fires when the service stops. */
  stopping: AbortSignal;
  /** Called when all that is left to do is to tell the engine what is in the journal. */
  onTelling?: () => void;
  tracing?: Tracing | undefined;
}

export interface Work {
  definition: ProcessDefinition;
  step: StepDefinition;
  settings: unknown;
}

/** Longest pause between two attempts to journal, in milliseconds. */
const MAX_JOURNAL_PAUSE_MS = 2_000;

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
  ports: TaskPorts,
): Promise<boolean> {
  const { eventStore, stopping } = ports;
  const variables = task.variables.getAll();
  const { correlationId, traceparent } = processOf(task);
  const { definition, step } = work;
  const ids = logIds(correlationId, traceparent);
  // Texts may quote what is personal: they are in the journal, and in no log line and no span.
  const isPersonal = definition.personal.length > 0;
  const log = ports.log.child({ ...ids, process: definition.key, step: step.name });
  if (correlationId === '') {
    const reason = 'the instance has neither the variable correlationId nor a business key';
    log.error({ taskId: task.id }, reason);
    await taskService.handleFailure(task, { errorMessage: reason, errorDetails: '', retries: 0 });
    return true;
  }
  const journal = await eventStore.findByDedupePrefix(taskKeyPrefix(task.id));
  const known = journaled(task, journal);
  if (known && !(await isTakenBack(known))) {
    log.info(
      { taskId: task.id, event: known.type },
      'the task was done before; telling the engine',
    );
    await tell(known);
    return true;
  }
  if (stopping.aborted) return false;
  if (!(await ports.isOurs(task, log))) return true;

  const attempt = journal.length + 1;
  const identity = identityOf(variables);
  const { settings } = work;
  const outcome = await runHandler({
    definition,
    step,
    settings,
    correlationId,
    taskId: task.id,
    attempt,
    identity,
    variables,
    log,
    stopping,
    tracing: ports.tracing,
  });
  if (outcome.kind === 'interrupted') return false;
  if (outcome.kind !== 'completed') {
    const reason = isPersonal ? {} : { reason: outcome.message };
    log.warn({ attempt, kind: outcome.kind, code: outcome.code, ...reason }, 'step failed');
  }
  const event = await journalOutcome(outcome);
  if (!event) return false;
  await tell(event);
  return true;

  /** Appends what came of the attempt. Tries until the database takes it: the work is done. */
  async function journalOutcome(done: Exclude<Outcome, { kind: 'interrupted' }>) {
    const command = commandOf(done);
    const needsState =
      'ends' in command || (command.type === 'fail-step' && command.data.retriesLeft === 0);
    for (let pause = 50; ; pause = Math.min(MAX_JOURNAL_PAUSE_MS, pause * 2)) {
      try {
        const state = needsState ? fold(await eventStore.readStream(correlationId)) : null;
        const options = state ? { expectedVersion: state.version } : {};
        const { events } = await eventStore.append(correlationId, decide(command, state), options);
        return events[0];
      } catch (error) {
        // Somebody appended in between: the process may have ended, so decide anew.
        if (error instanceof VersionConflictError) continue;
        if (!(error instanceof StoreUnavailableError)) throw error;
        if (stopping.aborted) return undefined;
        log.warn({ error: error.message, pause }, 'the journal cannot be written, trying again');
        await sleep(pause);
      }
    }
  }

  function commandOf(done: Exclude<Outcome, { kind: 'interrupted' }>): Command {
    const common = { processName: definition.key, identity, audit: done.audit, step };
    const base = { taskId: task.id, attempt, input: done.input };
    if (done.kind === 'completed') {
      const { output } = done;
      const ends = step.ends && endOf(step.ends, output, variables);
      const data = { ...base, output };
      return {
        ...common,
        type: 'complete-step',
        step: place(step),
        data,
        ...(ends ? { ends } : {}),
      };
    }
    const { kind, code, message } = done;
    const left = kind === 'technical' && !done.hopeless ? retriesAfter(task, step) : 0;
    const retryIn = left > 0 ? pauseAfter(attempt, step) : 0;
    const data = { ...base, kind, code, message, retriesLeft: left, retryIn };
    return {
      ...common,
      type: 'fail-step',
      step: place(step),
      data,
      earlierFailures: journal.length,
    };
  }

  async function tell(event: StoredEvent): Promise<void> {
    ports.onTelling?.();
    noteStep(event, isPersonal);
    if (event.type === 'step-completed') {
      await settle(await tellCompleted(taskService, task, step, event), event);
    } else if (event.type === 'step-failed' && event.data.kind === 'business') {
      await settle(await tellRefused(taskService, task, event), event);
      await endIfEngineEnded(event.data.code, event.data.message);
    } else if (event.type === 'step-failed') {
      await settle(await tellFailed(taskService, task, event), event);
      // The retry's own job found nothing to give back while the engine had not heard.
      if (await isTakenBack(event)) {
        const { attempts } = { ...DEFAULT_RETRY, ...step.retry };
        await ports.engine.retryFailed(task.processInstanceId ?? '', () => attempts);
      }
    }
  }

  /** A failure for good that somebody had retried before the engine heard of it: the step is to run again. */
  async function isTakenBack(event: StoredEvent): Promise<boolean> {
    if (event.type !== 'step-failed' || event.data.kind !== 'technical') return false;
    if (event.data.retriesLeft > 0) return false;
    const later = await eventStore.readStream(correlationId, { afterVersion: event.version });
    return later.some(({ type }) => type === 'process-retried');
  }

  /** The engine heard the report and cannot go on: without this the task would come for ever. */
  async function settle(told: Told, event: StoredEvent): Promise<void> {
    if (told.kind === 'told') return;
    const what = isPersonal ? { kind: told.kind } : told;
    log.warn({ taskId: task.id, event: event.type, ...what }, 'the engine did not take the report');
    if (told.kind !== 'refused') return;
    await end({
      status: 'error',
      kind: 'technical',
      code: 'ENGINE_REFUSED',
      message: cutText(`the engine cannot go on after ${step.name}: ${told.reason}`, 2_000),
      step: step.name,
    });
    await taskService
      .handleFailure(task, {
        errorMessage: cutText(told.reason, MAX_FAILURE_MESSAGE),
        errorDetails: '',
        retries: 0,
        retryTimeout: 0,
      })
      .catch(() => {});
  }

  /** A BPMN error that nothing catches ends the instance, and no final step will say so. */
  async function endIfEngineEnded(code: string, message: string): Promise<void> {
    const instances = await ports.engine.findInstances(definition.key, correlationId);
    const own = instances.find((one) => one.processInstanceId === task.processInstanceId);
    if (own?.state !== 'completed' && own?.state !== 'terminated') return;
    await end({ status: 'error', kind: 'business', code, message, step: step.name });
  }

  async function end(outcome: End): Promise<void> {
    for (;;) {
      const state = fold(await eventStore.readStream(correlationId));
      if (!state) return;
      const processName = definition.key;
      const events = decide({ type: 'end-process', processName, identity, outcome }, state);
      try {
        await eventStore.append(correlationId, events, { expectedVersion: state.version });
        return;
      } catch (error) {
        if (!(error instanceof VersionConflictError)) throw error;
      }
    }
  }
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

function place({ name, number }: StepDefinition): { name: string; number: number } {
  return { name, number };
}

function endOf(how: 'ok' | 'error', output: JsonObject, variables: Record<string, unknown>): End {
  if (how === 'ok') return { status: 'ok', result: output };
  return {
    status: 'error',
    kind: 'business',
    code: String(output.code ?? 'REFUSED'),
    message: String(output.message ?? 'the process refused'),
    step: typeof variables.errorStep === 'string' ? variables.errorStep : null,
  };
}
