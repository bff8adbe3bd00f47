/*
 * Short notation for the BPMN models of the suites: a test lists the elements of its model. A sequence flow has the id
 * `<from>_to_<to>`.
 */

const KEY = '@key';

/** A file with one executable process. */
export function bpmn(key: string, ...elements: string[]): string {
  const body = elements.join('\n    ').replaceAll(KEY, key);
  const messages = names(body, 'message').map(
    (name) => `<message id="message_${name}" name="${name}" />`,
  );
  const errors = names(body, 'error').map(
    (code) => `<error id="error_${code}" name="${code}" errorCode="${code}" />`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="definitions" targetNamespace="test">
  ${[...messages, ...errors].join('\n  ')}
  <process id="${key}" isExecutable="true" camunda:historyTimeToLive="P1D">
    ${body}
  </process>
</definitions>`;
}

/** The messages, or errors, that elements refer to. */
function names(body: string, kind: 'message' | 'error'): string[] {
  const references = body.matchAll(RegExp(`${kind}Ref="${kind}_([^"]+)"`, 'g'));
  return [...new Set([...references].map((reference) => reference[1] ?? ''))];
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
