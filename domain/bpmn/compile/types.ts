import { eventKind } from './definitions.ts';
import { kindOf, type Moddle } from './moddle.ts';

const INTERMEDIATE_CATCH: Record<string, string> = {
  timer: 'intermediateTimer',
  message: 'intermediateMessageCatch',
  signal: 'intermediateSignalCatch',
  link: 'intermediateLinkCatch',
  conditional: 'intermediateConditional',
};
const INTERMEDIATE_THROW: Record<string, string> = {
  message: 'intermediateMessageThrowEvent',
  signal: 'intermediateSignalThrow',
  compensate: 'intermediateCompensationThrowEvent',
  escalation: 'intermediateEscalationThrowEvent',
};
const START: Record<string, string> = {
  timer: 'startTimerEvent',
  message: 'messageStartEvent',
  signal: 'signalStartEvent',
  error: 'errorStartEvent',
  escalation: 'escalationStartEvent',
  compensate: 'compensationStartEvent',
  conditional: 'conditionalStartEvent',
};
const END: Record<string, string> = {
  error: 'errorEndEvent',
  cancel: 'cancelEndEvent',
  terminate: 'terminateEndEvent',
  message: 'messageEndEvent',
  signal: 'signalEndEvent',
  compensate: 'compensationEndEvent',
  escalation: 'escalationEndEvent',
};
const BOUNDARY: Record<string, string> = {
  timer: 'boundaryTimer',
  message: 'boundaryMessage',
  signal: 'boundarySignal',
  compensate: 'compensationBoundaryCatch',
  error: 'boundaryError',
  escalation: 'boundaryEscalation',
  cancel: 'cancelBoundaryCatch',
  conditional: 'boundaryConditional',
};

/**
 * Camunda's name of a kind of activity, as its history has it.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/rest/history/activity-instance/get-activity-instance-query/
 */
export function activityType(element: Moddle): string {
  const kind = kindOf(element);
  switch (kind) {
    case 'StartEvent':
      return START[eventKind(element)] ?? 'startEvent';
    case 'EndEvent':
      return END[eventKind(element)] ?? 'noneEndEvent';
    case 'BoundaryEvent':
      return BOUNDARY[eventKind(element)] ?? 'boundaryEvent';
    case 'IntermediateCatchEvent':
      return INTERMEDIATE_CATCH[eventKind(element)] ?? 'intermediateCatchEvent';
    case 'IntermediateThrowEvent':
      return INTERMEDIATE_THROW[eventKind(element)] ?? 'intermediateNoneThrowEvent';
    default:
      return kind.charAt(0).toLowerCase() + kind.slice(1);
  }
}
