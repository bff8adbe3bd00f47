import type { Block, End, Loop, Trigger } from './blocks.ts';

/** A signal that nothing catches. */
export const NOBODY = 'S';

type Thrown = Extract<Block, { type: 'throw' }>['what'];

export const caught = (id: string, definition: string): string =>
  `<bpmn:intermediateCatchEvent id="${id}">${definition}</bpmn:intermediateCatchEvent>`;

export const reference = (kind: 'error' | 'escalation', code: string | null): string =>
  code ? ` ${kind}Ref="${kind === 'error' ? 'error' : 'esc'}_${code}"` : '';

export function interrupts(trigger: Trigger, attribute: string): string {
  return trigger.type !== 'error' && !trigger.interrupting ? ` ${attribute}="false"` : '';
}

export function endDefinition(end: End): string {
  switch (end.type) {
    case 'none':
      return '';
    case 'terminate':
      return '<bpmn:terminateEventDefinition />';
    case 'error':
      return `<bpmn:errorEventDefinition${reference('error', end.code)} />`;
    case 'escalation':
      return `<bpmn:escalationEventDefinition${reference('escalation', end.code)} />`;
    default:
      return end satisfies never;
  }
}

export const signalDefinition = (name: string): string =>
  `<bpmn:signalEventDefinition signalRef="signal_${name}" />`;

/** @param signals that are caught somewhere in the model */
export function throwDefinition(what: Thrown, signals: readonly string[]): string {
  if (what === 'none') return '';
  if (what === 'signal') return signalDefinition(signals[0] ?? NOBODY);
  return `<bpmn:escalationEventDefinition${reference('escalation', what)} />`;
}

export function multiInstance(loop: Loop | null): string {
  if (!loop) return '';
  const { sequential, cardinality, enough } = loop;
  const condition = enough
    ? `<bpmn:completionCondition xsi:type="bpmn:tFormalExpression">${expression(`nrOfCompletedInstances >= ${enough}`)}</bpmn:completionCondition>`
    : '';
  return `<bpmn:multiInstanceLoopCharacteristics isSequential="${sequential}"><bpmn:loopCardinality xsi:type="bpmn:tFormalExpression">${cardinality}</bpmn:loopCardinality>${condition}</bpmn:multiInstanceLoopCharacteristics>`;
}

export function expression(text: string): string {
  return `\${${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}}`;
}
