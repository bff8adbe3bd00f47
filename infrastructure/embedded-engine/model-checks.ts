import type { Moddle } from './bpmn-library.ts';
import { checkExpression } from './expression-syntax.ts';
import { METHODS } from './expressions.ts';

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
/** Elements that a token does not come to by a sequence flow. */
const NOT_ENTERED = /^bpmn:(StartEvent|BoundaryEvent|SequenceFlow|Data\w+)$/;
/** Extension elements that would change what a process does, and are not done here. */
const REFUSED_EXTENSIONS =
  /^camunda:(inputOutput|executionListener|taskListener|connector|in|out|errorEventDefinition)$/i;

/**
 * The first thing in a process, or in a sub-process, that the embedded engine could not run as Camunda
 * does, in words that name the element; null when it can run all.
 */
export function whatCannotRun(scope: Moddle): string | null {
  const elements = list(scope.flowElements);
  const starts = elements.filter((element) => element.$type === 'bpmn:StartEvent');
  if (starts.length !== 1) {
    return `${nameOf(scope)} has ${starts.length} start events, not one`;
  }
  const flows = elements.filter((element) => element.$type === 'bpmn:SequenceFlow');
  for (const element of elements) {
    const obstacle =
      inElement(element) ??
      inFlows(element, flows) ??
      (element.$type === 'bpmn:SubProcess' ? whatCannotRun(element) : null);
    if (obstacle) return obstacle;
  }
  return inExtensions(scope);
}

function inElement(element: Moddle): string | null {
  const { $type: type } = element;
  const name = nameOf(element);
  if (!SUPPORTED.has(type)) return `${name} is not supported`;
  if (element.loopCharacteristics) return `${name} is a loop: not supported`;
  if (element.triggeredByEvent) return `${name} is an event sub-process: not supported`;
  if (EXTERNAL_ONLY.has(type) && (element.type !== 'external' || !element.topic)) {
    return `${name} is not an external task with a topic (camunda:type="external")`;
  }
  if (type === 'bpmn:ReceiveTask' && !element.messageRef) return `${name} has no message`;
  return (
    inEvent(element) ??
    inCondition(element) ??
    inExpression(name, element.topic) ??
    inExtensions(element)
  );
}

function inEvent(element: Moddle): string | null {
  const name = nameOf(element);
  const definitions = list(element.eventDefinitions);
  if (definitions.length > 1) return `${name} has ${definitions.length} event definitions, not one`;
  const [definition] = definitions;
  if (!definition) {
    const waits = /^bpmn:(IntermediateCatch|Boundary)Event$/.test(element.$type);
    return waits ? `${name} has no event definition` : null;
  }
  const kind = definition.$type.replace('bpmn:', '');
  if (!SUPPORTED_EVENTS[element.$type]?.includes(definition.$type)) {
    return `${name} with ${kind} is not supported`;
  }
  if (kind === 'MessageEventDefinition') {
    if (!definition.messageRef) return `${name} has no message`;
    // bpmn-elements takes one message and no more; Camunda takes any number.
    if (element.cancelActivity === false) {
      return `${name} is a message event that does not interrupt: not supported`;
    }
  }
  if (kind !== 'TimerEventDefinition') return null;
  if (definition.timeCycle) return `${name} is a timer with a cycle: not supported`;
  const { body } = (definition.timeDuration ?? definition.timeDate ?? {}) as { body?: string };
  return body ? inExpression(name, body) : `${name} has no duration and no date`;
}

/** What is wrong with how sequence flows come to an element and leave it. */
function inFlows(element: Moddle, flows: readonly Moddle[]): string | null {
  const { $type: type } = element;
  const name = nameOf(element);
  const incoming = flows.filter((flow) => flow.targetRef === element);
  const outgoing = flows.filter((flow) => flow.sourceRef === element);
  // bpmn-elements would start there by itself; Camunda never comes there.
  if (!NOT_ENTERED.test(type) && incoming.length === 0) return `${name} has no incoming flow`;
  if (type.endsWith('Gateway') && outgoing.length === 0) return `${name} has no outgoing flow`;
  // bpmn-elements lets every token through; Camunda waits for all that may still come.
  if (type === 'bpmn:InclusiveGateway' && incoming.length > 1) {
    return `${name} joins branches: not supported`;
  }
  if (
    type === 'bpmn:ExclusiveGateway' &&
    outgoing.length === 1 &&
    outgoing[0]?.conditionExpression
  ) {
    return `${name} has one outgoing flow, which must have no condition then`;
  }
  if (type === 'bpmn:ExclusiveGateway' && outgoing.length > 1) {
    const fault = inChoice(element, outgoing);
    if (fault) return `${name} ${fault}`;
  }
  const targets = outgoing.map((flow) => flow.targetRef as Moddle | undefined);
  // bpmn-elements makes one token of them; an exclusive gateway takes only one of them anyway.
  const twice = targets.find((target, at) => targets.indexOf(target) !== at);
  if (twice && (type !== 'bpmn:ExclusiveGateway' || twice.$type === 'bpmn:ParallelGateway')) {
    return `${name} has two flows to "${twice.id}": not supported`;
  }
  if (type !== 'bpmn:EventBasedGateway') return null;
  const other = targets.find((target) => target?.$type !== 'bpmn:IntermediateCatchEvent');
  return other ? `${name} leads to "${other.id}", which is not an intermediate catch event` : null;
}

/** Camunda's rules for the flows that an exclusive gateway chooses from (BpmnParse.validateExclusiveGateway). */
function inChoice({ default: otherwise }: Moddle, outgoing: readonly Moddle[]): string | null {
  if ((otherwise as Moddle | undefined)?.conditionExpression) {
    return `has the default flow "${(otherwise as Moddle).id}", which must have no condition`;
  }
  const always = outgoing.filter((flow) => flow !== otherwise && !flow.conditionExpression);
  if (always.length === 0 || (!otherwise && always.length === 1)) return null;
  return `has the flow "${always[0]?.id}" without a condition, which is not its default flow`;
}

function inCondition(flow: Moddle): string | null {
  const condition = flow.conditionExpression as Moddle | undefined;
  if (!condition) return null;
  const name = nameOf(flow);
  const { body } = condition;
  if (condition.language) return `${name} has a condition in ${condition.language}: not supported`;
  if (typeof body !== 'string' || !/^\s*[$#]\{.*\}\s*$/s.test(body)) {
    return `${name} has a condition that is not an expression: write \${…}`;
  }
  return inExpression(name, body);
}

function inExpression(name: string, text: unknown): string | null {
  if (typeof text !== 'string') return null;
  try {
    checkExpression(text, METHODS);
    return null;
  } catch (error) {
    return `${name} has the expression ${text.trim()}: ${error instanceof Error ? error.message : error}`;
  }
}

function inExtensions(element: Moddle): string | null {
  for (const extension of list((element.extensionElements as Moddle | undefined)?.values)) {
    if (REFUSED_EXTENSIONS.test(extension.$type)) {
      return `${nameOf(element)} has ${extension.$type}: not supported`;
    }
  }
  return null;
}

function nameOf({ $type: type, id }: Moddle): string {
  return `${type.replace('bpmn:', '')} "${id}"`;
}

function list(value: unknown): Moddle[] {
  return Array.isArray(value) ? (value as Moddle[]) : [];
}
