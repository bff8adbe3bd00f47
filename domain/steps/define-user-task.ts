import type { z } from 'zod';

/** A user task of the model: somebody completes it over the REST API, and that is an event of this step. */
export interface UserTaskDefinition<Output extends z.ZodObject = z.ZodObject> {
  /** Id of the user task in the model. */
  id: string;
  /** Name of the step in the events; left out: the id. */
  name?: string;
  /** Position for people and reports; kept in the event's `step`. */
  number: number;
  /** What completes it; each field becomes a process variable. Unknown ones are refused when it is a strict object. */
  output: Output;
  /** The event's `result`. */
  successText: string;
}

/** A user task among the steps of a process. */
export interface UserTaskStep extends UserTaskDefinition {
  kind: 'user-task';
}

/** Binds the types of a user task together. */
export type UserTaskBuilder = <Output extends z.ZodObject>(
  task: UserTaskDefinition<Output>,
) => UserTaskStep;

export function isUserTask(step: object): step is UserTaskStep {
  return 'kind' in step && step.kind === 'user-task';
}

/** The name of a user task in the events of its process. */
export function nameOfUserTask({ id, name }: Pick<UserTaskDefinition, 'id' | 'name'>): string {
  return name ?? id;
}
