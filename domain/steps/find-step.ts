import type { TaskRef } from '../engine/index.ts';

/** What distinguishes a step from others of its process. */
export interface NamedStep {
  name: string;
  topic?: string | undefined;
  tasks?: readonly string[] | undefined;
}

/** A process by its own key and by those of the other processes in its BPMN file. */
interface NamedProcess<Step extends NamedStep> {
  key: string;
  siblings?: readonly string[] | undefined;
  steps: readonly Step[];
}

/** The topic of a step's external tasks. */
export function topicOf(processKey: string, step: Pick<NamedStep, 'name' | 'topic'>): string {
  return step.topic ?? `${processKey}.${step.name}`;
}

/** True for a topic that the engine makes of variables when it creates a task. */
export function isExpression(topic: string): boolean {
  return /[$#]\{/.test(topic);
}

/** The processes whose tasks are done by the steps of this one. */
export function keysOf({ key, siblings = [] }: NamedProcess<NamedStep>): string[] {
  return [key, ...siblings];
}

/**
 * Finds the step that does a task: of the process that the task belongs to, else of the one that its topic is
 * named after. There the step that names the task comes before the one of the topic.
 */
export function findStep<Process extends NamedProcess<NamedStep>>(
  processes: readonly Process[],
  { processKey, topic, activityId }: TaskRef,
): Process['steps'][number] | undefined {
  const own = processes.filter((process) => keysOf(process).includes(processKey));
  for (const process of [...own, ...processes]) {
    const ofTopic = process.steps.filter(
      (step) =>
        topicOf(process.key, step) === topic && (own.includes(process) || step.topic === undefined),
    );
    const found =
      ofTopic.find(({ tasks }) => tasks?.includes(activityId)) ??
      ofTopic.find(({ tasks }) => tasks === undefined);
    if (found) return found;
  }
  return undefined;
}
