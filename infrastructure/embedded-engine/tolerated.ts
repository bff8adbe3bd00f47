import type { Moddle, Warning } from './bpmn-library.ts';

/** Root elements that mean something when a process runs; pools, message flows and types of items do not. */
const RUN = new Set(['bpmn:Process', 'bpmn:Message', 'bpmn:Error']);

/**
 * Takes out of a file what Camunda reads and does not heed when a process runs: everything beside the
 * processes, and conditions of flows that leave a parallel gateway.
 */
export function dropUnheeded(root: Moddle): void {
  root.rootElements = list(root.rootElements).filter(({ $type }) => RUN.has($type));
  for (const process of list(root.rootElements)) dropConditions(process);
}

function dropConditions(scope: Moddle): void {
  for (const element of list(scope.flowElements)) {
    const { $type } = (element.sourceRef ?? {}) as Partial<Moddle>;
    if ($type === 'bpmn:ParallelGateway') delete element.conditionExpression;
    dropConditions(element);
  }
}

/**
 * The first warning that must be heeded. A diagram may show what is not there, and types of items may be unknown;
 * a reference to no error stands for its code, as in Camunda.
 */
export function firstFault(warnings: readonly Warning[]): string | undefined {
  return warnings.find((warning) => !isTolerated(warning))?.message;
}

function isTolerated({ message, element, property, value }: Warning): boolean {
  if (!message.startsWith('unresolved reference') || !element) return false;
  if (property === 'bpmn:errorRef') {
    element.errorRef = { $type: 'bpmn:Error', errorCode: value };
    return true;
  }
  return (
    element.$type.startsWith('bpmndi:') ||
    (/^bpmn:(itemSubjectRef|structureRef|dataStoreRef|(source|target)Ref)$/.test(property ?? '') &&
      /^bpmn:(Item|Data|Property|MessageFlow|Association)/.test(element.$type))
  );
}

function list(value: unknown): Moddle[] {
  return Array.isArray(value) ? (value as Moddle[]) : [];
}
