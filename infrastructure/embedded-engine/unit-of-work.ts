import {
  type Context,
  ExpressionError,
  type FailingJob,
  failJob as failJobOf,
  type Input,
  JOB_RETRIES,
  type NextAttempt,
  type State,
  type Step,
  StepError,
  start as startMachine,
  step as stepMachine,
  type Values,
} from '../../domain/bpmn/index.ts';
import { CodedError, isTransient, type Log } from '../../domain/common/index.ts';
import { abandonRoot } from './abandon-root.ts';
import { type ChangedRoot, newOutcome, type Outcome, writeRoot } from './changed-root.ts';
import type { Definitions } from './definitions.ts';
import { badRequest, engineFailure, messageOf, noInstance } from './errors.ts';
import type { States } from './states.ts';
import type { StartEventRow } from './store/rows.ts';
import type { ThrownSignal } from './store/signal-rows.ts';
import type { EngineStore } from './store/store.ts';
import { createUnitSignals } from './unit-signals.ts';

interface StartRequest {
  readonly businessKey: string | null;
  readonly variables: Values;
  /** The start event that begins it; left out: that of a start by key. */
  readonly startEvent?: number;
}

/**
 * What one call does, in the transaction that commits it: steps of roots, kept in memory until all of them have been
 * taken. So whatever throws before that has changed nothing.
 */
export interface Unit {
  readonly now: number;
  /** As this unit has left it; undefined when it does not run. */
  state(rootId: string): State | undefined;
  step(rootId: string, input: Input): void;
  /** Says what follows the failure of a job; a cycle of a timer continues beside it. */
  failJob(rootId: string, wait: number, job: FailingJob): NextAttempt;
  /** @returns the id of the new process instance */
  start(definitionId: string, request: StartRequest): string;
  /** Ends a root from outside. Of one whose state is missing or cannot be read nothing is undone. */
  delete(rootId: string, reason: string | null): void;
  /** Gives a signal to all that waits for it, in later transactions to the many, and starts what it starts. */
  signal(name: string, variables: Values): void;
  /** Gives the next roots the signals that are on their way to them. @returns how many: 0 when all have theirs */
  deliverSignals(maxRoots: number): number;
  /** Something to be written along with the states. */
  defer(write: () => void): void;
}

export interface UnitOptions {
  store: EngineStore;
  states: States;
  definitions: Definitions;
  now: () => number;
  newId: () => string;
  /** Of jobs whose activity has none. */
  retryCycle?: string;
  log: Pick<Log, 'error'>;
}

/** @returns `flush` writes everything, in the transaction of the caller */
export function createUnit(options: UnitOptions): { unit: Unit; flush: () => Outcome } {
  const { store, states, definitions, log } = options;
  const now = options.now();
  const changed = new Map<string, ChangedRoot>();
  const deferred: (() => void)[] = [];
  const thrown: { signal: ThrownSignal; from: string }[] = [];
  const outcome = newOutcome();
  const context: Context = {
    now,
    newId: options.newId,
    program: definitions.program,
    find: definitions.called,
    ...(options.retryCycle === undefined ? {} : { retryCycle: options.retryCycle }),
  };

  function stateOf(rootId: string): State | undefined {
    const state = changed.get(rootId)?.state ?? states.get(rootId)?.state;
    return state && state.nodes.length > 0 ? state : undefined;
  }

  function rootOf(rootId: string): ChangedRoot {
    const known = changed.get(rootId);
    const before = known?.before ?? states.get(rootId);
    const [first] = (known?.state ?? before?.state)?.nodes ?? [];
    if (!first) throw noInstance(rootId);
    if (known) return known;
    if (!before) throw noInstance(rootId);
    return {
      rootId,
      definitionId: first.instance?.definition ?? '',
      before,
      state: before.state,
      effects: [],
      startActivityId: null,
      deletion: null,
    };
  }

  function attempt<T>(rootId: string | null, move: () => T): T {
    try {
      return move();
    } catch (error) {
      if (error instanceof CodedError) {
        if (rootId !== null) states.setUnreadable(rootId, error);
        throw error;
      }
      if (!(error instanceof StepError) && !(error instanceof ExpressionError)) {
        log.error({ err: error, processInstanceId: rootId }, 'engine: a step failed');
      }
      throw engineFailure(messageOf(error), error);
    }
  }

  function take(root: ChangedRoot, { state, effects }: Step): void {
    root.state = state;
    root.effects.push(...effects);
    changed.set(root.rootId, root);
    for (const effect of effects) {
      if (effect.kind !== 'signal') continue;
      const { name, variables, async } = effect;
      const signal: ThrownSignal = { name, variables, byJob: async ? 'caught' : null };
      thrown.push({ signal, from: root.rootId });
    }
  }

  function step(rootId: string, input: Input): void {
    const root = rootOf(rootId);
    take(
      root,
      attempt(rootId, () => stepMachine(context, root.state, input)),
    );
  }

  function failJob(rootId: string, wait: number, job: FailingJob): NextAttempt {
    const root = rootOf(rootId);
    const { step: next, ...attempts } = attempt(rootId, () =>
      failJobOf(context, root.state, wait, job),
    );
    if (next) take(root, next);
    return attempts;
  }

  function start(definitionId: string, request: StartRequest): string {
    const { startEvent } = request;
    const id = options.newId();
    let begun: Step;
    try {
      begun = attempt(null, () => startMachine(context, definitionId, { id, ...request }));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      throw badRequest(
        `Cannot instantiate process definition ${definitionId}: ${error.message}`,
        'status' in error ? Number(error.status) : 500,
      );
    }
    const event =
      startEvent === undefined ? undefined : definitions.program(definitionId).elements[startEvent];
    const root: ChangedRoot = {
      rootId: id,
      definitionId,
      before: null,
      state: begun.state,
      effects: [],
      startActivityId: event?.id ?? null,
      deletion: null,
    };
    take(root, begun);
    return id;
  }

  function isWaiting(rootId: string, signal: string): boolean | null {
    try {
      const { waits } = stateOf(rootId) ?? { waits: [] };
      return waits.some(({ kind, name }) => kind === 'signal' && name === signal);
    } catch (error) {
      if (isTransient(error)) throw error;
      return null;
    }
  }

  function startBySignal({ name, variables, byJob }: ThrownSignal): void {
    for (const row of store.startEvents.list('signal', name)) {
      const { definition_id: definitionId, element: startEvent } = row;
      if (byJob) startByJob(row);
      else start(definitionId, { businessKey: null, variables, startEvent });
    }
  }

  function startByJob({ definition_id, element, activity_id }: StartEventRow): void {
    outcome.nextDue = Math.min(outcome.nextDue, now);
    deferred.push(() =>
      store.startEvents.insert({
        ...{
          definition_id,
          element,
          activity_id,
          number: store.startEvents.nextNumber(definition_id),
        },
        ...{ kind: 'job', name: null, due: now, repeat: null, created_at: now },
        ...{ retries: JOB_RETRIES, exception: null, failed_at: null },
      }),
    );
  }

  const signals = createUnitSignals({
    store,
    changedRoots: () => [...changed.keys()],
    isWaiting,
    isRunning: (rootId) => stateOf(rootId) !== undefined,
    step,
    startBySignal,
    defer: (later) => void deferred.push(later),
    onPending() {
      outcome.hasPendingSignals = true;
    },
  });

  function deleteRoot(rootId: string, reason: string | null): void {
    try {
      if (stateOf(rootId)) {
        cancel(rootId, reason);
        return;
      }
    } catch (error) {
      if (!states.isUnreadable(rootId)) throw error;
      changed.delete(rootId);
    }
    deferred.push(() => {
      abandonRoot(rootId, reason, now, { store, definitions, outcome });
      states.drop(rootId);
    });
  }

  function cancel(rootId: string, reason: string | null): void {
    const root = rootOf(rootId);
    const ended = attempt(rootId, () => stepMachine(context, root.state, { kind: 'cancel' }));
    root.deletion = { reason };
    take(root, ended);
  }

  function write(root: ChangedRoot): void {
    const { rootId, state, before } = root;
    writeRoot(root, now, store, definitions, outcome);
    if (state.nodes.length === 0) {
      if (before) store.instances.closeRoot(rootId);
      states.drop(rootId);
      return;
    }
    const version = (before?.version ?? 0) + 1;
    const text = before
      ? store.states.update(rootId, version, state, before.state)
      : store.states.insert(rootId, version, state);
    states.put(rootId, { version, state }, text.length);
  }

  return {
    unit: {
      now,
      state(rootId) {
        signals.settle(rootId);
        return stateOf(rootId);
      },
      step(rootId, input) {
        signals.settle(rootId);
        step(rootId, input);
      },
      failJob,
      start,
      delete: deleteRoot,
      signal: (name, variables) => signals.throwSignal({ name, variables, byJob: null }, null),
      deliverSignals: signals.settleNext,
      defer: (later) => void deferred.push(later),
    },
    flush() {
      for (let next = thrown.shift(); next; next = thrown.shift()) {
        signals.throwSignal(next.signal, next.from);
      }
      for (const later of deferred) later();
      for (const root of changed.values()) write(root);
      return outcome;
    },
  };
}
