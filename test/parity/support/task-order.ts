import type { ParityEngine } from './engine.ts';

export interface TaskRow {
  id: string;
  executionId: string;
  processInstanceId: string;
  createTime?: string;
  created?: string;
}
export type OpenTask = TaskRow & { isUserTask: boolean };

interface ActivityNode {
  executionIds: string[];
  childActivityInstances: ActivityNode[];
}

/**
 * Several tasks at one activity, in an order that is the same on every engine: by the numbers of the loops that they
 * are in, the outermost first, else by age.
 */
export async function orderTasks(engine: ParityEngine, tasks: OpenTask[]): Promise<OpenTask[]> {
  const counters = new Map<string, Promise<number>>();
  const counterOf = (executionId: string): Promise<number> => {
    const known = counters.get(executionId) ?? loopCounter(engine, executionId);
    counters.set(executionId, known);
    return known;
  };
  const instances = new Set(tasks.map(({ processInstanceId }) => processInstanceId));
  const paths = new Map<string, string[]>();
  for (const id of instances) {
    const tree = await engine.call<ActivityNode>(
      'GET',
      `/process-instance/${id}/activity-instances`,
    );
    if (tree.ok) collectPaths(tree.body, [], paths);
  }
  const keyed = await Promise.all(
    tasks.map(async (task) => {
      const path = [...(paths.get(task.executionId) ?? []), task.executionId];
      const numbers = await Promise.all([...new Set(path)].map(counterOf));
      const loops = numbers.filter((one) => one >= 0).map((one) => String(one).padStart(6, '0'));
      const age = task.createTime ?? task.created ?? '';
      return { task, key: `${loops.join('.')} ${age} ${task.id}` };
    }),
  );
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ task }) => task);
}

/** The executions above each execution, the outermost first. */
function collectPaths(node: ActivityNode, above: string[], paths: Map<string, string[]>): void {
  for (const id of node.executionIds) if (!paths.has(id)) paths.set(id, above);
  const path = [...above, ...node.executionIds];
  for (const child of node.childActivityInstances) collectPaths(child, path, paths);
}

async function loopCounter(engine: ParityEngine, executionId: string): Promise<number> {
  type Local = { loopCounter?: { value: number } };
  const found = await engine.call<Local>('GET', `/execution/${executionId}/localVariables`);
  return found.ok ? (found.body.loopCounter?.value ?? -1) : -1;
}
