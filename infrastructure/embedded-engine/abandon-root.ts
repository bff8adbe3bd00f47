import { DAY_MS } from '../../domain/common/index.ts';
import type { Outcome } from './changed-root.ts';
import type { Definitions } from './definitions.ts';
import type { EngineStore } from './store/store.ts';

/**
 * Ends a root whose state is missing or cannot be read, with all that it called: nothing can be undone, and the history
 * has no variables of it. In the transaction of the caller.
 */
export function abandonRoot(
  rootId: string,
  reason: string | null,
  now: number,
  parts: { store: EngineStore; definitions: Definitions; outcome: Outcome },
): void {
  const { store, definitions, outcome } = parts;
  const instances = store.instances.list({ rootId, states: ['ACTIVE'] });
  const processInstanceIds = instances.map(({ id }) => id);
  for (const { node } of store.externalTasks.list({ processInstanceIds })) {
    outcome.closedTasks.push({ rootId, node });
  }
  for (const { id, definition_id: definitionId } of instances) {
    const days = definitions.find(definitionId)?.historyDays ?? 0;
    store.instances.end({
      id,
      state: 'EXTERNALLY_TERMINATED',
      endedAt: now,
      removeAt: id === rootId ? now + days * DAY_MS : null,
      deleteReason: reason,
      endActivityId: null,
      variables: '{}',
    });
  }
  store.instances.closeRoot(rootId);
}
