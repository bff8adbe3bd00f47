import { type Moddle, parseBpmn } from './bpmn-library.ts';
import { decodeXml } from './decode-xml.ts';

export interface ExternalTopic {
  activityId: string;
  topic: string;
}

/**
 * The ids of the executable processes in a BPMN file, and the topics of all their external tasks: service,
 * send and business rule tasks, and message events that send, those in sub-processes too. Which elements
 * those are, and in which order their attributes count, is as in Camunda's BpmnParse.
 *
 * @throws Error when the file is no BPMN
 */
export async function readExternalTopics(
  bpmn: Uint8Array | string,
): Promise<{ processIds: string[]; topics: ExternalTopic[] }> {
  const { root } = await parseBpmn(typeof bpmn === 'string' ? bpmn : decodeXml(bpmn));
  const processes = children(root, 'rootElements').filter(isExecutable);
  return {
    processIds: processes.map(({ id }) => String(id)),
    topics: processes.flatMap((process) => [...topicsIn(process)]),
  };
}

/** Camunda runs what does not say that it cannot be run. */
function isExecutable({ $type, isExecutable }: Moddle): boolean {
  return $type === 'bpmn:Process' && isExecutable !== false;
}

function* topicsIn(scope: Moddle): Generator<ExternalTopic> {
  for (const element of children(scope, 'flowElements')) {
    for (const one of [element, ...children(element, 'eventDefinitions')]) {
      const { type, topic } = one;
      // A decision goes before everything else.
      if (one.decisionRef || typeof topic !== 'string') continue;
      if (String(type).toLowerCase() === 'external') {
        yield { activityId: String(element.id), topic };
      }
    }
    yield* topicsIn(element);
  }
}

function children(element: Moddle, property: string): Moddle[] {
  const value = element[property];
  return Array.isArray(value) ? (value as Moddle[]) : [];
}
