import { expression } from './model.ts';

/*
 * Short notation for what the suites of the pure BPMN machine need besides `model.ts`: events by their definition, loops,
 * mappings. References such as `signal_go` get their root elements from `bpmnFile`.
 */

export const messageEvent = (name: string): string =>
  `<messageEventDefinition messageRef="message_${name}" />`;
export const signalEvent = (name: string, inner = ''): string =>
  `<signalEventDefinition signalRef="signal_${name}">${inner}</signalEventDefinition>`;
/** `attributes`: `camunda:errorCodeVariable`, … */
export const errorEvent = (code?: string, attributes = ''): string =>
  `<errorEventDefinition ${code ? `errorRef="error_${code}"` : ''} ${attributes} />`;
export const escalationEvent = (code?: string, attributes = ''): string =>
  `<escalationEventDefinition ${code ? `escalationRef="escalation_${code}"` : ''} ${attributes} />`;
export const compensateEvent = (activity?: string): string =>
  `<compensateEventDefinition ${activity ? `activityRef="${activity}"` : ''} />`;
export const cancelEvent = (): string => '<cancelEventDefinition />';
export const linkEvent = (name: string): string => `<linkEventDefinition name="${name}" />`;
export const timerEvent = (
  text: string,
  kind: 'timeDuration' | 'timeDate' | 'timeCycle' = 'timeDuration',
): string => `<timerEventDefinition>${formal(kind, text)}</timerEventDefinition>`;
/** `condition`: the text between the braces; `attributes`: `camunda:variableName`, … */
export const conditionEvent = (condition: string, attributes = ''): string =>
  `<conditionalEventDefinition ${attributes}>${formal('condition', expression(condition))}</conditionalEventDefinition>`;

function formal(name: string, text: string): string {
  return `<${name} xsi:type="tFormalExpression">${escaped(text)}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

export const startOn = (id: string, definition: string, interrupting = true): string =>
  `<startEvent id="${id}" isInterrupting="${interrupting}">${definition}</startEvent>`;
export const catches = (id: string, definition: string): string =>
  `<intermediateCatchEvent id="${id}">${definition}</intermediateCatchEvent>`;
export const throws = (id: string, definition = ''): string =>
  `<intermediateThrowEvent id="${id}">${definition}</intermediateThrowEvent>`;
export const endsWith = (id: string, definition: string): string =>
  `<endEvent id="${id}">${definition}</endEvent>`;
export const boundary = (
  id: string,
  attachedTo: string,
  definition: string,
  interrupting = true,
): string =>
  `<boundaryEvent id="${id}" attachedToRef="${attachedTo}" cancelActivity="${interrupting}">${definition}</boundaryEvent>`;

export const eventSubProcess = (id: string, ...elements: string[]): string =>
  `<subProcess id="${id}" triggeredByEvent="true">${elements.join('')}</subProcess>`;
export const transaction = (id: string, ...elements: string[]): string =>
  `<transaction id="${id}">${elements.join('')}</transaction>`;

/** An external task with more attributes or inner elements. */
export const taskWith = (id: string, inner: string, attributes = ''): string =>
  `<serviceTask id="${id}" camunda:type="external" camunda:topic="${id}" ${attributes}>${inner}</serviceTask>`;
export const userTask = (id: string, attributes = '', inner = ''): string =>
  `<userTask id="${id}" ${attributes}>${inner}</userTask>`;
export const callActivity = (id: string, called: string, inner = '', attributes = ''): string =>
  `<callActivity id="${id}" calledElement="${called}" ${attributes}>${inner}</callActivity>`;

/** An activity that undoes another one: the task, the event at its host, and the line between them. */
export const undoing = (id: string, host: string): string =>
  `${taskWith(id, '', 'isForCompensation="true"')}${compensating(id, host)}`;
/** The event and the line only. */
export const compensating = (id: string, host: string): string =>
  `${boundary(`undo_${host}`, host, compensateEvent())}<association id="line_${host}" sourceRef="undo_${host}" targetRef="${id}" associationDirection="One" />`;

export const extension = (inner: string): string =>
  `<extensionElements>${inner}</extensionElements>`;

/** `camunda:inputOutput`: the text of each parameter by its name. */
export function mappings(given: {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
}): string {
  const parameters = (kind: 'input' | 'output', all: Readonly<Record<string, string>> = {}) =>
    Object.entries(all)
      .map(
        ([name, text]) =>
          `<camunda:${kind}Parameter name="${name}">${text}</camunda:${kind}Parameter>`,
      )
      .join('');
  return extension(
    `<camunda:inputOutput>${parameters('input', given.inputs)}${parameters('output', given.outputs)}</camunda:inputOutput>`,
  );
}

export interface Loop {
  readonly sequential?: boolean;
  readonly cardinality?: string;
  readonly collection?: string;
  readonly element?: string;
  readonly completion?: string;
  readonly attributes?: string;
}

export function loop({
  sequential = false,
  cardinality,
  collection,
  element,
  completion,
  attributes = '',
}: Loop): string {
  return [
    `<multiInstanceLoopCharacteristics isSequential="${sequential}" ${attributes}`,
    collection === undefined ? '' : ` camunda:collection="${escaped(collection)}"`,
    element === undefined ? '' : ` camunda:elementVariable="${element}"`,
    '>',
    cardinality === undefined ? '' : formal('loopCardinality', cardinality),
    completion === undefined ? '' : formal('completionCondition', expression(completion)),
    '</multiInstanceLoopCharacteristics>',
  ].join('');
}
