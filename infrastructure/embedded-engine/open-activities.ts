import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Node, State } from '../../domain/bpmn/index.ts';
import type { EngineCore } from './engine-core.ts';
import { viewState } from './state-view.ts';
import type { RunningInstance } from './store/instance-rows.ts';

/** Instances whose states are read in one turn of the event loop: some milliseconds. */
const PAGE = 200;

/**
 * Counts at which activities the running instances of a definition stand. It reads every state, and gives way to other
 * work in between.
 */
export async function countOpenActivities(
  { store, definitions }: Pick<EngineCore, 'store' | 'definitions'>,
  definitionId: string,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let after: RunningInstance | undefined; ; await nextTurn()) {
    const page = store.instances.running(after, PAGE);
    for (const { definition_id: definition, root_id: rootId, node } of page) {
      if (definition !== definitionId) continue;
      const state = readState(store.states.get(rootId)?.state);
      if (!state) continue;
      const view = viewState(rootId, state, definitions);
      for (const one of standing(state, node)) {
        const { id } = view.element(one);
        found.set(id, (found.get(id) ?? 0) + 1);
      }
    }
    after = page.at(-1);
    if (page.length < PAGE) return found;
  }
}

/** The tokens of a process instance as Camunda counts them: open, with nothing open inside, and not waiting at a join. */
function standing({ nodes }: State, instance: number): Node[] {
  const own = nodes.filter((node) => node.in === instance && node.id !== instance && !node.kept);
  const scopes = new Set(own.map(({ up }) => up));
  return own
    .filter(({ id }) => !scopes.has(id))
    .filter(({ joined, ended, pending }) => !joined && !ended && pending !== 'stranded');
}

/** One that cannot be read is left out: `unreadable` has it. */
function readState(text: string | undefined): State | null {
  try {
    return text === undefined ? null : (JSON.parse(text) as State);
  } catch {
    return null;
  }
}
