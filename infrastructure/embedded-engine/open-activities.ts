import type { Program } from '../../domain/bpmn/index.ts';
import type { EngineCore } from './engine-core.ts';

/** What a token is not in, but around it: Camunda counts the activities inside. */
const SCOPES: ReadonlySet<Program['elements'][number]['behavior']['kind']> = new Set([
  'process',
  'sub-process',
  'multi-instance',
]);

/**
 * Counts at which activities the running instances of a definition stand, as Camunda does: not where tokens wait at a
 * join. It reads what was counted when they came there.
 */
export function countOpenActivities(
  { store, definitions }: Pick<EngineCore, 'store' | 'definitions'>,
  definitionId: string,
): Map<string, number> {
  const { elements } = definitions.program(definitionId);
  const found = new Map<string, number>();
  for (const { element, pending, open } of store.openCounts.of(definitionId)) {
    const at = elements[element];
    if (!at || (SCOPES.has(at.behavior.kind) && pending === 0)) continue;
    found.set(at.id, (found.get(at.id) ?? 0) + open);
  }
  return found;
}
