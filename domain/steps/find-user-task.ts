import type { ProcessDefinition } from './define-process.ts';
import type { UserTaskDefinition } from './define-user-task.ts';
import { keysOf } from './find-step.ts';

interface FoundUserTask {
  definition: ProcessDefinition;
  /** Undefined when the process does not define this one: any variables complete it. */
  userTask: UserTaskDefinition | undefined;
}

/** Finds what is defined of a user task; undefined for a process that is not defined here. */
export function findUserTaskDefinition(
  definitions: Iterable<ProcessDefinition>,
  { processKey, activityId }: { processKey: string; activityId: string },
): FoundUserTask | undefined {
  for (const definition of definitions) {
    if (!keysOf(definition).includes(processKey)) continue;
    return { definition, userTask: definition.userTasks?.find(({ id }) => id === activityId) };
  }
  return undefined;
}
