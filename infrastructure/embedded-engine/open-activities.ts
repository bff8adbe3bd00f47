import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Program } from '../../domain/bpmn/index.ts';
import type { EngineCore } from './engine-core.ts';
import type { RunningCursor } from './store/instance-rows.ts';

/** Running instances that are looked at in one turn of the event loop: some milliseconds. */
const PAGE = 200;
const FIRST: RunningCursor = { started_at: 0, id: '' };
const LAST: RunningCursor = { started_at: Number.MAX_SAFE_INTEGER, id: '' };
/** What a token is not in, but around it: Camunda counts the activities inside. */
const SCOPES: ReadonlySet<Program['elements'][number]['behavior']['kind']> = new Set([
  'process',
  'sub-process',
  'multi-instance',
]);

/** An answer is kept for so many times the time that it took: counting takes a tenth of the time at most. */
const KEEP_FACTOR = 10;

type CountOpen = (definitionId: string) => Promise<ReadonlyMap<string, number>>;

/** As `countOpenActivities`; callers at the same time, and soon after, get the same answer. */
export function createCountOpen(core: Pick<EngineCore, 'store' | 'definitions'>): CountOpen {
  const answers = new Map<string, Promise<ReadonlyMap<string, number>>>();

  async function count(definitionId: string): Promise<ReadonlyMap<string, number>> {
    const began = performance.now();
    try {
      return await countOpenActivities(core, definitionId);
    } finally {
      const keepMs = KEEP_FACTOR * (performance.now() - began);
      setTimeout(() => answers.delete(definitionId), keepMs).unref();
    }
  }

  return (definitionId) => {
    const answer = answers.get(definitionId) ?? count(definitionId);
    answers.set(definitionId, answer);
    return answer;
  };
}

/**
 * Counts at which activities the running instances of a definition stand, as Camunda does: not where tokens wait at a
 * join. It reads every state, in SQLite itself, which takes a fraction of what it takes here, and gives way to other
 * work in between.
 */
async function countOpenActivities(
  { store, definitions }: Pick<EngineCore, 'store' | 'definitions'>,
  definitionId: string,
): Promise<Map<string, number>> {
  const { instances } = store;
  const { elements } = definitions.program(definitionId);
  const found = new Map<string, number>();
  for (let after: RunningCursor | undefined = FIRST; after; await nextTurn()) {
    const to: RunningCursor | undefined = instances.skipRunning(after, PAGE);
    for (const { element, pending, open } of instances.countOpenNodes(
      definitionId,
      after,
      to ?? LAST,
    )) {
      const at = elements[element];
      if (!at || (SCOPES.has(at.behavior.kind) && pending === 0)) continue;
      found.set(at.id, (found.get(at.id) ?? 0) + open);
    }
    after = to;
  }
  return found;
}
