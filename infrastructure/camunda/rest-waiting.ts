import type { EngineInspection } from '../../domain/engine/index.ts';

/** Instances with a row at a path of many; `maxRows`: of the oldest rows only. */
type Having = (path: string, filter: object, maxRows?: number) => Promise<Set<string>>;

/** Open user tasks that are looked at for those of called instances, the oldest. */
const MAX_TASKS = 2_000;
const OLDEST_FIRST = [{ sortBy: 'created', sortOrder: 'asc' }];

/**
 * Which instances wait for people. The API cannot ask for what instances have called, so the user tasks of those are
 * found from the other end: the oldest open ones, and the roots of their instances.
 *
 * @param rootsOf the root of each of these instances, by its id
 */
export function createFindWaiting({
  having,
  rootsOf,
}: {
  having: Having;
  rootsOf: (processInstanceIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}): EngineInspection['findWaitingForPeople'] {
  return async (ids) => {
    if (ids.length === 0) return [];
    const [people, workers, jobs, failed] = await Promise.all([
      having('/task', { processInstanceIdIn: ids }),
      having('/external-task', { processInstanceIdIn: ids }),
      having('/job', { processInstanceIds: ids }),
      having('/job', { processInstanceIds: ids, withException: true }),
    ]);
    const own = ids.filter((id) => people.has(id) && !workers.has(id) && !failed.has(id));
    const callers = ids.filter((id) => ![people, workers, jobs].some((busy) => busy.has(id)));
    return [...own, ...(await waitingBelow(callers))];
  };

  async function waitingBelow(callers: readonly string[]): Promise<string[]> {
    if (callers.length === 0) return [];
    const people = await having('/task', { sorting: OLDEST_FIRST }, MAX_TASKS);
    const roots = await rootsOf([...people].filter((id) => !callers.includes(id)));
    const called = [...roots].filter(([id, root]) => id !== root && callers.includes(root));
    if (called.length === 0) return [];
    const ids = called.map(([id]) => id);
    const [workers, failed] = await Promise.all([
      having('/external-task', { processInstanceIdIn: ids }),
      having('/job', { processInstanceIds: ids, withException: true }),
    ]);
    const busy = called.filter(([id]) => workers.has(id) || failed.has(id));
    const waiting = new Set(called.map(([, root]) => root));
    for (const [, root] of busy) waiting.delete(root);
    return [...waiting];
  }
}
