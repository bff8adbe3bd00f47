import { type Moddle, parseBpmn, type SerializedContext } from './bpmn-library.ts';
import { BadRequest } from './typed-value.ts';

/** A boundary event that catches BPMN errors. */
export interface ErrorCatcher {
  /** Empty: catches every code. */
  errorCode: string | null;
  errorCodeVariable: string | null;
  errorMessageVariable: string | null;
}

/** One process of a deployed file. */
export interface ProcessModel {
  key: string;
  name: string | null;
  context: SerializedContext;
  /** By the activity they are attached to. */
  errorCatchers: ReadonlyMap<string, readonly ErrorCatcher[]>;
  /** Activity → the sub-process around it. */
  parents: ReadonlyMap<string, string>;
  /** Days that ended instances are kept. */
  historyDays: number;
}

const SUPPORTED = new Set([
  'bpmn:StartEvent',
  'bpmn:EndEvent',
  'bpmn:IntermediateCatchEvent',
  'bpmn:IntermediateThrowEvent',
  'bpmn:BoundaryEvent',
  'bpmn:Task',
  'bpmn:ManualTask',
  'bpmn:ServiceTask',
  'bpmn:SendTask',
  'bpmn:BusinessRuleTask',
  'bpmn:ReceiveTask',
  'bpmn:SubProcess',
  'bpmn:ExclusiveGateway',
  'bpmn:ParallelGateway',
  'bpmn:InclusiveGateway',
  'bpmn:EventBasedGateway',
  'bpmn:SequenceFlow',
  'bpmn:DataObject',
  'bpmn:DataObjectReference',
  'bpmn:DataStoreReference',
]);
const SUPPORTED_EVENTS: Record<string, readonly string[]> = {
  'bpmn:StartEvent': [],
  'bpmn:EndEvent': ['bpmn:TerminateEventDefinition'],
  'bpmn:IntermediateThrowEvent': [],
  'bpmn:IntermediateCatchEvent': ['bpmn:TimerEventDefinition', 'bpmn:MessageEventDefinition'],
  'bpmn:BoundaryEvent': [
    'bpmn:ErrorEventDefinition',
    'bpmn:TimerEventDefinition',
    'bpmn:MessageEventDefinition',
  ],
};
const EXTERNAL_ONLY = new Set(['bpmn:ServiceTask', 'bpmn:SendTask', 'bpmn:BusinessRuleTask']);
/** Extension elements that would change what a process does, and are not done here. */
const REFUSED_EXTENSIONS =
  /^camunda:(inputOutput|executionListener|taskListener|connector|in|out)$/i;

/**
 * Reads a BPMN file for the embedded engine. What it could not run as Camunda would is refused here,
 * by name, instead of being run differently.
 *
 * @throws BadRequest saying what is wrong with which element
 */
export async function readProcessModel(fileName: string, xml: string): Promise<ProcessModel> {
  const { root, warnings, context } = await parseBpmn(xml).catch((error: Error) => {
    throw refused(fileName, `is no BPMN: ${error.message}`);
  });
  if (warnings[0]) throw refused(fileName, warnings[0]);
  const processes = list(root.rootElements).filter(
    (element) => element.$type === 'bpmn:Process' && element.isExecutable === true,
  );
  const [process] = processes;
  if (!process?.id || processes.length > 1) {
    throw refused(fileName, `has ${processes.length} executable processes, not one`);
  }
  const errorCatchers = new Map<string, ErrorCatcher[]>();
  const parents = new Map<string, string>();
  visit(process, null);
  return {
    key: process.id,
    name: text(process.name),
    context,
    errorCatchers,
    parents,
    historyDays: readHistoryDays(fileName, process),
  };

  function visit(scope: Moddle, parent: string | null): void {
    for (const element of list(scope.flowElements)) {
      const id = String(element.id);
      check(fileName, element);
      if (parent) parents.set(id, parent);
      if (element.$type === 'bpmn:BoundaryEvent') addCatcher(element);
      if (element.$type === 'bpmn:SubProcess') visit(element, id);
    }
  }

  function addCatcher(event: Moddle): void {
    const definition = list(event.eventDefinitions)[0];
    const attachedTo = (event.attachedToRef as Moddle | undefined)?.id;
    if (definition?.$type !== 'bpmn:ErrorEventDefinition' || !attachedTo) return;
    const known = errorCatchers.get(attachedTo) ?? [];
    known.push({
      errorCode: text((definition.errorRef as Moddle | undefined)?.errorCode),
      errorCodeVariable: text(definition.errorCodeVariable),
      errorMessageVariable: text(definition.errorMessageVariable),
    });
    errorCatchers.set(attachedTo, known);
  }
}

/** The boundary event that takes an error thrown by `activityId`: its own, else of a scope around. */
export function findCatcher(
  model: ProcessModel,
  activityId: string,
  errorCode: string,
): ErrorCatcher | undefined {
  for (let at: string | undefined = activityId; at; at = model.parents.get(at)) {
    const catchers = model.errorCatchers.get(at) ?? [];
    const found =
      catchers.find((catcher) => catcher.errorCode === errorCode) ??
      catchers.find((catcher) => catcher.errorCode === null);
    if (found) return found;
  }
  return undefined;
}

function check(fileName: string, element: Moddle): void {
  const { $type: type, id } = element;
  const name = `${type.replace('bpmn:', '')} "${id}"`;
  if (!SUPPORTED.has(type)) throw refused(fileName, `${name} is not supported`);
  if (element.loopCharacteristics) throw refused(fileName, `${name} is a loop: not supported`);
  // bpmn-elements lets every token through; Camunda waits for all that may still come.
  if (type === 'bpmn:InclusiveGateway' && list(element.incoming).length > 1) {
    throw refused(fileName, `${name} joins branches: not supported`);
  }
  if (element.triggeredByEvent)
    throw refused(fileName, `${name} is an event sub-process: not supported`);
  for (const definition of list(element.eventDefinitions)) {
    if (!SUPPORTED_EVENTS[type]?.includes(definition.$type)) {
      throw refused(
        fileName,
        `${name} with ${definition.$type.replace('bpmn:', '')} is not supported`,
      );
    }
  }
  if (EXTERNAL_ONLY.has(type) && (element.type !== 'external' || !element.topic)) {
    throw refused(
      fileName,
      `${name} is not an external task with a topic (camunda:type="external")`,
    );
  }
  for (const extension of list((element.extensionElements as Moddle | undefined)?.values)) {
    if (REFUSED_EXTENSIONS.test(extension.$type)) {
      throw refused(fileName, `${name} has ${extension.$type}: not supported`);
    }
  }
}

function readHistoryDays(fileName: string, process: Moddle): number {
  const given = text(process.historyTimeToLive);
  const days = /^P?(\d{1,5})D?$/.exec(given ?? '')?.[1];
  if (days === undefined) {
    // Camunda refuses it likewise since 7.20 (enforceHistoryTimeToLive).
    throw refused(
      fileName,
      'History Time To Live (TTL) must be set, e.g. camunda:historyTimeToLive="P180D"',
    );
  }
  return Number(days);
}

function refused(fileName: string, why: string): BadRequest {
  return new BadRequest(`${fileName}: ${why} (embedded engine)`, 400, 'ParseException');
}

function list(value: unknown): Moddle[] {
  return Array.isArray(value) ? (value as Moddle[]) : [];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
