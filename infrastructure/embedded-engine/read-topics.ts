import type { ModelActivity } from '../../domain/definitions/index.ts';
import { decodeXml } from './decode-xml.ts';
import { type Moddle, parseBpmn } from './parse-bpmn.ts';

export interface ExternalTopic {
  activityId: string;
  topic: string;
}

interface ModelTasks {
  /** Of the executable processes. */
  processIds: string[];
  topics: ExternalTopic[];
  /** Ids of the user tasks. */
  userTasks: string[];
}

/**
 * What a BPMN file has for steps: the topics of all external tasks (service, send and business rule tasks, and message
 * events that send) and the user tasks, those in sub-processes too. Which elements those are, and in which order
 * their attributes count, is as in Camunda's BpmnParse.
 *
 * @throws Error when the file is no BPMN
 */
export async function readModelTasks(bpmn: Uint8Array | string): Promise<ModelTasks> {
  const { root } = await parseBpmn(typeof bpmn === 'string' ? bpmn : decodeXml(bpmn));
  const processes = children(root, 'rootElements').filter(isExecutable);
  return {
    processIds: processes.map(({ id }) => String(id)),
    topics: processes.flatMap((process) => [...topicsIn(process)]),
    userTasks: processes.flatMap((process) => [...userTasksIn(process)]),
  };
}

/** Whatever a token may stand at in the executable processes of a BPMN file, in the order of the file. */
export async function readActivities(bpmn: string): Promise<ModelActivity[]> {
  const { root } = await parseBpmn(bpmn);
  return children(root, 'rootElements')
    .filter(isExecutable)
    .flatMap((process) => [...activitiesIn(process, String(process.id))]);
}

function* activitiesIn(scope: Moddle, processKey: string): Generator<ModelActivity> {
  for (const element of children(scope, 'flowElements')) {
    const { $type, id, name } = element;
    if (NO_ACTIVITY.test($type)) continue;
    yield {
      id: String(id),
      name: typeof name === 'string' ? name : null,
      type: $type.replace(/^bpmn:(.)/, (_, first: string) => first.toLowerCase()),
      processKey,
      topic: topicOf(element) ?? null,
    };
    yield* activitiesIn(element, processKey);
  }
}

/** Flow elements that no token enters. */
const NO_ACTIVITY = /^bpmn:(SequenceFlow|DataObject.*|DataStore.*)$/;

/** Camunda runs what does not say that it cannot be run. */
function isExecutable({ $type, isExecutable }: Moddle): boolean {
  return $type === 'bpmn:Process' && isExecutable !== false;
}

function* topicsIn(scope: Moddle): Generator<ExternalTopic> {
  for (const element of children(scope, 'flowElements')) {
    const topic = topicOf(element);
    if (topic !== undefined) yield { activityId: String(element.id), topic };
    yield* topicsIn(element);
  }
}

/** The topic of an external task, which may be that of an event that sends. */
function topicOf(element: Moddle): string | undefined {
  for (const one of [element, ...children(element, 'eventDefinitions')]) {
    const { type, topic } = one;
    // A decision goes before everything else.
    if (one.decisionRef || typeof topic !== 'string') continue;
    if (String(type).toLowerCase() === 'external') return topic;
  }
  return undefined;
}

function* userTasksIn(scope: Moddle): Generator<string> {
  for (const element of children(scope, 'flowElements')) {
    if (element.$type === 'bpmn:UserTask') yield String(element.id);
    yield* userTasksIn(element);
  }
}

function children(element: Moddle, property: string): Moddle[] {
  const value = element[property];
  return Array.isArray(value) ? (value as Moddle[]) : [];
}
