import type { Node, State } from '../../domain/bpmn/index.ts';
import { type Log, StoreUnavailableError } from '../../domain/common/index.ts';
import type { Outcome } from './changed-root.ts';
import type { Definitions } from './definitions.ts';
import { noExecution } from './errors.ts';
import { readNodeId } from './public-ids.ts';
import type { StateView } from './state-view.ts';
import { viewState } from './state-view.ts';
import { findNode, type States } from './states.ts';
import type { EngineStore } from './store/store.ts';
import type { NodeRef } from './store/wait-rows.ts';
import { createUnit, type Unit } from './unit-of-work.ts';

/** What the services of the engine work with. */
export interface EngineCore {
  readonly store: EngineStore;
  readonly states: States;
  readonly definitions: Definitions;
  readonly now: () => number;
  readonly newId: () => string;
  /** Of jobs whose activity has none; undefined: three attempts at once. */
  readonly retryCycle?: string;
  readonly log: Pick<Log, 'warn' | 'error'>;
  /** Does `work` in the next commit, which it shares with others. It may be done twice, and what throws changes nothing. */
  run<T>(work: (unit: Unit) => T): Promise<T>;
  /** The node that a public id names; undefined when there is not one. */
  refOf(id: string): NodeRef | undefined;
  /** @throws BadRequest 404 */
  look(executionId: string): { ref: NodeRef; state: State; node: Node; view: StateView };
  /** Runs when something was committed. */
  onOutcome(listener: (outcome: Outcome) => void): void;
  /** No more is written; resolves when what was begun is. */
  close(): Promise<void>;
}

export function createCore(options: {
  store: EngineStore;
  states: States;
  definitions: Definitions;
  now: () => number;
  newId: () => string;
  retryCycle?: string;
  log: Pick<Log, 'warn' | 'error'>;
}): EngineCore {
  const { store, states, definitions } = options;
  const listeners: ((outcome: Outcome) => void)[] = [];
  const running = new Set<Promise<unknown>>();
  let closed = false;

  async function run<T>(work: (unit: Unit) => T): Promise<T> {
    if (closed) throw new StoreUnavailableError('the engine is closed');
    const committed = store.commit(() => {
      const { unit, flush } = createUnit(options);
      const result = work(unit);
      return { result, outcome: flush() };
    });
    running.add(committed);
    try {
      const { result, outcome } = await committed;
      for (const listener of listeners) listener(outcome);
      return result;
    } finally {
      running.delete(committed);
    }
  }

  function refOf(id: string): NodeRef | undefined {
    const row = store.instances.byId(id);
    if (row) return { rootId: row.root_id, node: row.node };
    return readNodeId(id);
  }

  return {
    ...options,
    run,
    refOf,
    look(executionId) {
      const ref = refOf(executionId);
      const state = ref && states.get(ref.rootId)?.state;
      const node = state && findNode(state, ref.node);
      if (!node || !ref) throw noExecution(executionId);
      return { ref, state, node, view: viewState(ref.rootId, state, definitions) };
    },
    onOutcome: (listener) => void listeners.push(listener),
    async close() {
      closed = true;
      await Promise.allSettled(running);
    },
  };
}
