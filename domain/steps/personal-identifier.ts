import type { ProcessDefinition } from './define-process.ts';

/**
 * Whether a process that may be found has personal values under this identifier.
 *
 * @param process key of the only definition that is meant; anything else: all definitions
 */
export function isPersonalIdentifier(
  definitions: ReadonlyMap<string, Pick<ProcessDefinition, 'personal'>>,
  process: unknown,
  name: string,
): boolean {
  const only = typeof process === 'string' ? definitions.get(process) : undefined;
  const some = only ? [only] : [...definitions.values()];
  return some.some(({ personal }) => personal.some((path) => path === name || path === '*'));
}
