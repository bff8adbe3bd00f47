import { LRUCache } from 'lru-cache';
import type { Node, NodeId, State } from '../../domain/bpmn/index.ts';
import type { UnreadableInstance } from './engine-api.ts';
import { engineFailure, messageOf } from './errors.ts';
import type { EngineStore } from './store/store.ts';

/** The state of a root that runs, and the version of its row. */
export interface VersionedState {
  readonly version: number;
  readonly state: State;
}

/**
 * The states as the database has them. Nobody else writes them; but a transaction that is rolled back may leave newer
 * ones in the cache, so that all of them are read again then.
 */
export interface States {
  /**
   * @returns undefined when nothing of this id runs
   * @throws BadRequest when its state cannot be read
   */
  get(rootId: string): VersionedState | undefined;
  /** @param size length of its text */
  put(rootId: string, state: VersionedState, size: number): void;
  drop(rootId: string): void;
  /** Something stands in the way of this root alone. */
  setUnreadable(rootId: string, error: unknown): void;
  isUnreadable(rootId: string): boolean;
  unreadable(): UnreadableInstance[];
}

/** Characters of the texts of the cached states: variables may have a megabyte. */
const MAX_CACHED_SIZE = 32 * 1_024 * 1_024;

export function createStates(
  store: EngineStore,
  cachedStates: number,
  maxSize = MAX_CACHED_SIZE,
): States {
  const cache = new LRUCache<string, VersionedState>({ max: Math.max(1, cachedStates), maxSize });
  const unreadable = new Map<string, string>();
  store.onRolledBack(() => cache.clear());

  function keep(rootId: string, state: VersionedState, size: number): void {
    // What was kept before goes, also when this one has no room.
    if (cachedStates > 0) cache.set(rootId, state, { size });
  }

  function read(rootId: string): VersionedState | undefined {
    const row = store.states.get(rootId);
    if (!row) return undefined;
    try {
      const state: unknown = JSON.parse(row.state);
      if (!isState(state)) throw new Error('it is no state');
      unreadable.delete(rootId);
      const found = { version: row.version, state };
      keep(rootId, found, row.state.length);
      return found;
    } catch (error) {
      const reason = messageOf(error);
      unreadable.set(rootId, reason);
      throw engineFailure(
        `The state of process instance ${rootId} cannot be read: ${reason}`,
        error,
      );
    }
  }

  return {
    get: (rootId) => cache.get(rootId) ?? read(rootId),
    put: keep,
    drop(rootId) {
      cache.delete(rootId);
      unreadable.delete(rootId);
    },
    setUnreadable: (rootId, error) => void unreadable.set(rootId, messageOf(error)),
    isUnreadable: (rootId) => unreadable.has(rootId),
    unreadable: () =>
      [...unreadable].map(([rootProcessInstanceId, reason]) => ({ rootProcessInstanceId, reason })),
  };
}

function isState(value: unknown): value is State {
  const { seq, nodes, waits } = (value ?? {}) as Partial<State>;
  return Number.isInteger(seq) && Array.isArray(nodes) && Array.isArray(waits);
}

/** The node of this id; they stand in the order of their ids. */
export function findNode({ nodes }: State, id: NodeId): Node | undefined {
  let low = 0;
  let high = nodes.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const node = nodes[middle] as Node;
    if (node.id === id) return node;
    if (node.id < id) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
