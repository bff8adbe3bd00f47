import { type Moddle, parseBpmn } from './embedded/bpmn-library.ts';

export interface ExternalTopic {
  activityId: string;
  topic: string;
}

/**
 * The id of the executable process in a BPMN file and the topics of its external tasks, those in
 * sub-processes too.
 *
 * @throws Error when the file is no BPMN or has not just one executable process
 */
export async function readExternalTopics(
  bpmn: string,
): Promise<{ processId: string; topics: ExternalTopic[] }> {
  const { root } = await parseBpmn(bpmn);
  const processes = children(root, 'rootElements').filter(
    (element) => element.$type === 'bpmn:Process' && element.isExecutable === true,
  );
  const [process] = processes;
  if (!process?.id || processes.length > 1) {
    throw new Error(`it has ${processes.length} executable processes, not one`);
  }
  const topics: ExternalTopic[] = [];
  collect(process);
  return { processId: process.id, topics };

  function collect(scope: Moddle): void {
    for (const element of children(scope, 'flowElements')) {
      if (element.type === 'external' && typeof element.topic === 'string') {
        topics.push({ activityId: String(element.id), topic: element.topic });
      }
      collect(element);
    }
  }
}

function children(element: Moddle, property: string): Moddle[] {
  const value = element[property];
  return Array.isArray(value) ? (value as Moddle[]) : [];
}
