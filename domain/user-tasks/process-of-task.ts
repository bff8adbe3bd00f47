import { LRUCache } from 'lru-cache';
import type { Engine, EngineUserTask } from '../engine/index.ts';
import type { FindProcess, FoundProcess } from '../process/index.ts';

/** Instances whose root is remembered: it never changes. */
const MAX_KNOWN = 20_000;

type Root = NonNullable<Awaited<ReturnType<Engine['findRoot']>>>;

/**
 * Finds the process that a task belongs to (G17): that of the business key of the instance at the root of its call
 * hierarchy, which must be the recorded one. Null for a task of anything else that the engine runs, and for an
 * instance that has just started and is not recorded yet.
 */
type ProcessOfTask = (
  task: Pick<EngineUserTask, 'processInstanceId' | 'businessKey'>,
) => Promise<FoundProcess | null>;

export function createProcessOfTask({
  engine,
  findProcess,
}: {
  engine: Pick<Engine, 'findRoot'>;
  findProcess: FindProcess;
}): ProcessOfTask {
  const roots = new LRUCache<string, Root>({ max: MAX_KNOWN });

  async function rootOf(instanceId: string): Promise<Root | null> {
    const known = roots.get(instanceId) ?? (await engine.findRoot(instanceId));
    if (known) roots.set(instanceId, known);
    return known;
  }

  return async ({ processInstanceId, businessKey }) => {
    const nearest = businessKey ? await findProcess(businessKey) : null;
    // The usual case asks nothing of the engine: only the root of a hierarchy is ever recorded.
    if (nearest?.processInstanceId === processInstanceId) return nearest;
    const root = await rootOf(processInstanceId);
    if (!root?.businessKey) return null;
    const process =
      root.businessKey === businessKey ? nearest : await findProcess(root.businessKey);
    const isRecorded = process?.processInstanceId === root.processInstanceId;
    return isRecorded && process.processName === root.processKey ? process : null;
  };
}
