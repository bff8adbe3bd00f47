import { RESERVED_VARIABLES } from '../../domain/process/index.ts';
import { findStep, keysOf, type StepDefinition, topicOf } from '../../domain/steps/index.ts';
import type { EngineTask } from './engine-task.ts';
import type { Work } from './task-run.ts';

/** A topic to subscribe to, once for all steps that do its tasks. */
export interface Topic {
  name: string;
  /** What any of its steps needs. */
  variables: string[];
  /**
   * The processes whose tasks are taken; undefined: all, for a topic that is called after a process of ours.
   * One with a name of its own may be another application's as well, which does the tasks of its processes.
   */
  processKeys: string[] | undefined;
}

/** The engines take an empty list for all variables. */
const NEVER_NONE: readonly string[] = ['correlationId'];

/** What the service sets itself comes from the stream. */
function namesToFetch({ input }: StepDefinition): string[] {
  return Object.keys(input.shape).filter((name) => !RESERVED_VARIABLES.includes(name));
}

/** The topics of all steps, each once: Camunda's client takes no second subscription for one. */
export function topicsOf(work: readonly Work[]): Topic[] {
  const topics = new Map<string, Topic>();
  for (const { definition, step } of work) {
    const name = topicOf(definition.key, step);
    const { variables = NEVER_NONE, processKeys = [] } = topics.get(name) ?? {};
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

/** Finds the step for a task; undefined when none is for it. */
export function createFindWork(work: readonly Work[]): (task: EngineTask) => Work | undefined {
  const definitions = [...new Set(work.map(({ definition }) => definition))];
  const byStep = new Map(work.map((one) => [one.step, one]));
  return ({ processDefinitionKey: processKey = '', topicName: topic = '', activityId = '' }) => {
    const found = findStep(definitions, { processKey, topic, activityId });
    return found && byStep.get(found);
  };
}
