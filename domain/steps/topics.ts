import type { TaskRef } from '../engine/index.ts';
import { RESERVED_VARIABLES } from '../process/index.ts';
import type { StepDefinition } from './define-process.ts';
import { findStep, keysOf, topicOf } from './find-step.ts';
import type { ConfiguredStep } from './step-run.ts';

/** A topic to subscribe to, once for all steps that do its tasks. */
export interface Topic {
  name: string;
  /** What any of its steps needs. */
  variables: string[];
  /**
   * The processes whose tasks are fetched; undefined: all, for a topic that is named after a process of this service.
   * Another application may use a topic with a name of its own as well, and does the tasks of its processes.
   */
  processKeys: string[] | undefined;
}

/** To the engines an empty list means all variables. */
const ONE_VARIABLE: readonly string[] = ['correlationId'];

/** The variables that a step needs from the engine. What the service sets itself comes from the stream. */
function namesToFetch({ input }: StepDefinition): string[] {
  return Object.keys(input.shape).filter((name) => !RESERVED_VARIABLES.includes(name));
}

/** The topics of all steps, each once: Camunda's client takes no second subscription for one. */
export function topicsOf(steps: readonly ConfiguredStep[]): Topic[] {
  const topics = new Map<string, Topic>();
  for (const { definition, step } of steps) {
    const name = topicOf(definition.key, step);
    const { variables = ONE_VARIABLE, processKeys = [] } = topics.get(name) ?? {};
    const isShared = topics.has(name) && topics.get(name)?.processKeys === undefined;
    topics.set(name, {
      name,
      variables: [...new Set([...namesToFetch(step), ...variables])],
      processKeys:
        isShared || step.topic === undefined
          ? undefined
          : [...new Set([...processKeys, ...keysOf(definition)])],
    });
  }
  return [...topics.values()];
}

/** Finds the step for a task; undefined when no step does it. */
export function createFindTaskStep(
  steps: readonly ConfiguredStep[],
): (task: TaskRef) => ConfiguredStep | undefined {
  const definitions = [...new Set(steps.map(({ definition }) => definition))];
  const byStep = new Map(steps.map((one) => [one.step, one]));
  return (task) => {
    const found = findStep(definitions, task);
    return found && byStep.get(found);
  };
}
