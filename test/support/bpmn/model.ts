/*
 * Short notation for the BPMN models of the suites: a test lists the elements of its model. A sequence flow has the id
 * `<from>_to_<to>`.
 */

const KEY = '@key';

/** A file with one executable process. */
export function bpmn(key: string, ...elements: string[]): string {
  return bpmnFile({ [key]: elements });
}

/** A file with executable processes: the elements of each by its key. */
export function bpmnFile(processes: Readonly<Record<string, readonly string[]>>): string {
  const bodies = Object.entries(processes).map(([key, elements]) => {
    const body = elements.join('\n    ').replaceAll(KEY, key);
    return `<process id="${key}" isExecutable="true" camunda:historyTimeToLive="P1D">
    ${body}
  </process>`;
  });
  const body = bodies.join('\n  ');
  const roots = KINDS.flatMap((kind) => names(body, kind).map((name) => root(kind, name)));
  return `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="definitions" targetNamespace="test">
  ${roots.join('\n  ')}
  ${body.replaceAll(REFERENCE, (_all, kind, name) => `${kind}Ref="${idOf(kind, name)}"`)}
</definitions>`;
}

const KINDS = ['message', 'signal', 'error', 'escalation'] as const;
type Kind = (typeof KINDS)[number];
const REFERENCE = /(message|signal|error|escalation)Ref="\1_([^"]+)"/g;

/** A root element that others refer to as `<kind>_<name>`, whatever its name has in it. */
function root(kind: Kind, name: string): string {
  const id = idOf(kind, name);
  switch (kind) {
    case 'message':
    case 'signal':
      return `<${kind} id="${id}" name="${name}" />`;
    case 'error':
      return `<error id="${id}" name="${name}" errorCode="${name}" />`;
    case 'escalation':
      return `<escalation id="${id}" escalationCode="${name}" />`;
  }
}

const idOf = (kind: string, name: string): string => `${kind}_${name.replaceAll(/[^\w.-]/g, '_')}`;

function names(body: string, kind: Kind): string[] {
  const references = [...body.matchAll(REFERENCE)].filter((reference) => reference[1] === kind);
  return [...new Set(references.map((reference) => reference[2] ?? ''))];
}

/** An expression in the form that models have. */
export const expression = (text: string): string => `\${${text}}`;

export const start = (id = 'start'): string => `<startEvent id="${id}" />`;
export const end = (id = 'end'): string => `<endEvent id="${id}" />`;
export const terminate = (id: string): string =>
  `<endEvent id="${id}"><terminateEventDefinition /></endEvent>`;

/** An external task; its default topic is `<process key>.<id>`. */
export const task = (id: string, topic = `${KEY}.${id}`): string =>
  `<serviceTask id="${id}" camunda:type="external" camunda:topic="${topic}" />`;

export const receive = (id: string, message: string): string =>
  `<receiveTask id="${id}" messageRef="message_${message}" />`;

/** Sequence flows along the given elements. */
export function flows(...ids: string[]): string {
  return ids
    .slice(1)
    .map((to, at) => flow(ids[at] ?? '', to))
    .join('');
}

/** `condition`: the text between the braces. */
export function flow(from: string, to: string, condition?: string): string {
  const escaped = condition?.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const inner = escaped
    ? `<conditionExpression xsi:type="tFormalExpression">${expression(escaped)}</conditionExpression>`
    : '';
  return `<sequenceFlow id="${from}_to_${to}" sourceRef="${from}" targetRef="${to}">${inner}</sequenceFlow>`;
}

/** `otherwise`: the target of the default flow. */
export const exclusive = (id: string, otherwise?: string): string =>
  `<exclusiveGateway id="${id}"${byDefault(id, otherwise)} />`;
export const inclusive = (id: string, otherwise?: string): string =>
  `<inclusiveGateway id="${id}"${byDefault(id, otherwise)} />`;
export const parallel = (id: string): string => `<parallelGateway id="${id}" />`;
export const eventBased = (id: string): string => `<eventBasedGateway id="${id}" />`;

function byDefault(id: string, otherwise: string | undefined): string {
  return otherwise ? ` default="${id}_to_${otherwise}"` : '';
}

export const catchTimer = (id: string, duration: string): string =>
  `<intermediateCatchEvent id="${id}">${timer(duration)}</intermediateCatchEvent>`;
export const catchMessage = (id: string, message: string): string =>
  `<intermediateCatchEvent id="${id}"><messageEventDefinition messageRef="message_${message}" /></intermediateCatchEvent>`;

export const subProcess = (id: string, ...elements: string[]): string =>
  `<subProcess id="${id}">${elements.join('')}</subProcess>`;

/** A boundary event for BPMN errors; without a code it catches all. */
export function onError(
  id: string,
  attachedTo: string,
  options: { code?: string; codeVariable?: string; messageVariable?: string } = {},
): string {
  const { code, codeVariable, messageVariable } = options;
  const attributes = [
    code ? ` errorRef="error_${code}"` : '',
    codeVariable ? ` camunda:errorCodeVariable="${codeVariable}"` : '',
    messageVariable ? ` camunda:errorMessageVariable="${messageVariable}"` : '',
  ].join('');
  return boundary(id, attachedTo, `<errorEventDefinition${attributes} />`);
}

export const onTimer = (
  id: string,
  attachedTo: string,
  duration: string,
  interrupting = true,
): string => boundary(id, attachedTo, timer(duration), interrupting);

export const onMessage = (
  id: string,
  attachedTo: string,
  message: string,
  interrupting = true,
): string =>
  boundary(
    id,
    attachedTo,
    `<messageEventDefinition messageRef="message_${message}" />`,
    interrupting,
  );

function boundary(id: string, attachedTo: string, definition: string, interrupting = true): string {
  return `<boundaryEvent id="${id}" attachedToRef="${attachedTo}" cancelActivity="${interrupting}">${definition}</boundaryEvent>`;
}

function timer(duration: string): string {
  return `<timerEventDefinition><timeDuration xsi:type="tFormalExpression">${duration}</timeDuration></timerEventDefinition>`;
}
