import { type Moddle, parseBpmn, type SerializedContext } from './bpmn-library.ts';
import { whatCannotRun } from './model-checks.ts';
import { dropUnheeded, firstFault } from './tolerated.ts';
import { BadRequest } from './typed-value.ts';

/** A boundary event that catches BPMN errors. */
interface ErrorCatcher {
  eventId: string;
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

/**
 * Reads a BPMN file for the embedded engine. What it could not run as Camunda would is refused here,
 * by name, instead of being run differently.
 *
 * @throws BadRequest saying what is wrong with which element
 */
export async function readProcessModel(fileName: string, xml: string): Promise<ProcessModel> {
  const { root, warnings, serialize } = await parseBpmn(xml).catch((error: Error) => {
    throw refused(fileName, `is no BPMN: ${error.message}`);
  });
  const fault = firstFault(warnings);
  if (fault !== undefined) throw refused(fileName, fault);
  dropUnheeded(root);
  const processes = executablesOf(root);
  const [process] = processes;
  if (!process?.id || processes.length > 1) {
    throw refused(fileName, `has ${processes.length} executable processes, not one`);
  }
  const obstacle = whatCannotRun(process);
  if (obstacle) throw refused(fileName, obstacle);
  const errorCatchers = new Map<string, ErrorCatcher[]>();
  const parents = new Map<string, string>();
  visit(process, null);
  return {
    key: process.id,
    name: text(process.name),
    context: serialize(),
    errorCatchers,
    parents,
    historyDays: readHistoryDays(fileName, process),
  };

  function visit(scope: Moddle, parent: string | null): void {
    for (const element of list(scope.flowElements)) {
      const id = String(element.id);
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
      eventId: String(event.id),
      errorCode: text((definition.errorRef as Moddle | undefined)?.errorCode),
      errorCodeVariable: text(definition.errorCodeVariable),
      errorMessageVariable: text(definition.errorMessageVariable),
    });
    errorCatchers.set(attachedTo, known);
  }
}

/** As in Camunda, what does not say that it cannot be run is run; but here only where nothing says that it can. */
function executablesOf(root: Moddle): Moddle[] {
  const processes = list(root.rootElements).filter(({ $type }) => $type === 'bpmn:Process');
  const said = processes.filter(({ isExecutable }) => isExecutable === true);
  if (said.length > 0) return said;
  const unsaid = processes.filter(({ isExecutable }) => isExecutable === undefined);
  for (const process of unsaid) process.isExecutable = true;
  return unsaid;
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

/** True when the activity is in the sub-process, at any depth. */
export function isInside(model: ProcessModel, activityId: string, subProcessId: string): boolean {
  let at = model.parents.get(activityId);
  while (at !== undefined && at !== subProcessId) at = model.parents.get(at);
  return at !== undefined;
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
