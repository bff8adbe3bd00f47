import type { Input } from '../../domain/bpmn/index.ts';
import { CodedError, isTransient } from '../../domain/common/index.ts';
import type { PendingSignal, ThrownSignal } from './store/signal-rows.ts';
import type { EngineStore } from './store/store.ts';

/** Roots that get a signal in the transaction that throws it; the others get it after that, in batches. */
const MAX_RECEIVERS = 100;

/** What the delivery of signals needs of the unit of work that it is part of. */
interface UnitParts {
  readonly store: EngineStore;
  /** The roots that the unit has changed, as far as they still run. */
  changedRoots(): readonly string[];
  /** Null when it cannot be read. */
  isWaiting(rootId: string, signal: string): boolean | null;
  isRunning(rootId: string): boolean;
  /** Without giving the root first what is on its way to it. */
  step(rootId: string, input: Input): void;
  startBySignal(signal: ThrownSignal): void;
  defer(write: () => void): void;
  onPending(): void;
}

/** The signals of a unit of work. */
export interface UnitSignals {
  /** @param from has had it already */
  throwSignal(signal: ThrownSignal, from: string | null): void;
  /**
   * Gives a root the signals that are on their way to it. They were thrown before what is done to it now, so it must
   * have them first: an engine that delivers them in the transaction that throws them lets nothing come between.
   */
  settle(rootId: string): void;
  /** Gives the next roots their signals. @returns how many: 0 when all have theirs */
  settleNext(limit: number): number;
}

export function createUnitSignals(parts: UnitParts): UnitSignals {
  const { store, step, defer } = parts;
  const settled = new Set<string>();
  let receivers = 0;

  function throwSignal(signal: ThrownSignal, from: string | null): void {
    const { name, variables, byJob } = signal;
    const input: Input = { kind: 'signal', name, variables, ...(byJob ? { byJob } : {}) };
    const changed = parts.changedRoots();
    const next = store.waits.rootsOf(name, MAX_RECEIVERS - receivers + changed.length + 1);
    const had = new Set(from === null ? [] : [from]);
    const give = (rootId: string): boolean => {
      const isWaiting = parts.isWaiting(rootId, name);
      // One that cannot be read has it when it can.
      if (isWaiting !== null) had.add(rootId);
      if (!isWaiting) return false;
      settle(rootId);
      step(rootId, input);
      return true;
    };
    // What is changed anyway has it now: the database does not know yet what that waits for.
    for (const rootId of changed) if (!had.has(rootId)) give(rootId);
    for (const rootId of next) {
      if (receivers >= MAX_RECEIVERS) break;
      if (!had.has(rootId) && give(rootId)) receivers++;
    }
    if (next.some((rootId) => !had.has(rootId))) {
      const except = [...had];
      defer(() => {
        if (store.signals.insert(signal, except)) parts.onPending();
      });
    }
    parts.startBySignal(signal);
  }

  function settle(rootId: string): void {
    if (settled.has(rootId)) return;
    settled.add(rootId);
    for (const signal of store.signals.pendingOf(rootId)) {
      if (parts.isRunning(rootId)) deliver(rootId, signal);
      defer(() => store.signals.delete(rootId, signal.id));
    }
  }

  /** One that fails becomes a job of the root: nobody else fails with it, and it is attempted again. */
  function deliver(rootId: string, { name, variables, byJob, waits }: PendingSignal): void {
    const input = { kind: 'signal', name, variables, waits } as const;
    try {
      step(rootId, { ...input, ...(byJob ? { byJob } : {}) });
    } catch (error) {
      if (!(error instanceof CodedError) || isTransient(error)) throw error;
      step(rootId, { ...input, byJob: 'all' });
    }
  }

  return {
    throwSignal,
    settle,
    settleNext(limit) {
      const roots = store.signals.nextRoots(limit);
      for (const rootId of roots) {
        try {
          settle(rootId);
        } catch (error) {
          // Its state cannot be read: it stands still, the others do not wait for it.
          if (!(error instanceof CodedError) || isTransient(error)) throw error;
          defer(() => store.signals.hold(rootId));
        }
      }
      return roots.length;
    },
  };
}
