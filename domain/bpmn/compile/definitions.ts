import type {
  ErrorDefinition,
  EscalationDefinition,
  EventDefinition,
  TimerKind,
} from '../program/program.ts';
import { expressionOf, type ProcessDraft } from './draft.ts';
import { bodyOf, kindOf, list, type Moddle, one, refuse, text } from './moddle.ts';

/** The event definition of an event; null for a none event. */
export function definitionOf(event: Moddle): Moddle | null {
  const [definition] = list(event.eventDefinitions);
  return definition ?? null;
}

/** `timer`, `message`, …; `none` without an event definition. */
export function eventKind(event: Moddle): string {
  const definition = definitionOf(event);
  return definition ? kindOf(definition).replace('EventDefinition', '').toLowerCase() : 'none';
}

/** What an event waits for. */
export function readDefinition(process: ProcessDraft, event: Moddle): EventDefinition {
  const definition = definitionOf(event);
  if (!definition) return { kind: 'none' };
  switch (eventKind(event)) {
    case 'timer':
      return readTimer(event, definition);
    case 'message':
      return readMessage(event, definition);
    case 'signal':
      return { kind: 'signal', name: expressionOf(event, signalName(event, definition)) };
    case 'conditional':
      return readCondition(process, event, definition);
    case 'error':
      return readError(process, definition);
    case 'escalation':
      return readEscalation(definition);
    case 'compensate':
      return { kind: 'compensation' };
    case 'cancel':
      return { kind: 'cancel' };
    default:
      throw refuse(event, `has a ${kindOf(definition)}, which it cannot wait for`);
  }
}

const TIMERS: readonly (readonly [string, TimerKind])[] = [
  ['timeDate', 'date'],
  ['timeCycle', 'cycle'],
  ['timeDuration', 'duration'],
];

function readTimer(event: Moddle, definition: Moddle): EventDefinition {
  for (const [property, timer] of TIMERS) {
    const body = bodyOf(definition, property);
    if (body !== null) return { kind: 'timer', timer, expression: expressionOf(event, body) };
  }
  throw refuse(event, 'has a timer without a date, duration or cycle; give it one');
}

/** @param holder the event definition, or a receive task, which names its message itself */
export function readMessage(event: Moddle, holder: Moddle): EventDefinition {
  const name = one(holder.messageRef)?.name;
  if (!holder.messageRef) throw refuse(event, 'has no message; give it a messageRef');
  if (typeof name !== 'string' || name === '') {
    throw refuse(event, 'waits for a message without a name; give the message a name');
  }
  return { kind: 'message', name: expressionOf(event, name) };
}

export function signalName(event: Moddle, definition: Moddle): string {
  const signal = one(definition.signalRef);
  if (!signal) throw refuse(event, 'has no signal; give it a signalRef');
  return String(signal.name ?? '');
}

function readCondition(process: ProcessDraft, event: Moddle, definition: Moddle): EventDefinition {
  const body = bodyOf(definition, 'condition');
  if (body === null) throw refuse(event, 'has no condition; give it an expression');
  if (one(definition.condition)?.language) {
    throw refuse(
      event,
      'has a condition in a script language, which is not run; use an expression',
    );
  }
  process.hasConditions = true;
  const events = text(definition, 'variableEvents') ?? '';
  return {
    kind: 'conditional',
    condition: expressionOf(event, body),
    variableName: text(definition, 'variableName'),
    variableEvents: events
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  };
}

/** The code of an error; a reference to no error stands for its code, as in Camunda. */
export function errorCode(process: ProcessDraft, definition: Moddle): string | null {
  const error = one(definition.errorRef);
  if (!error) return process.unresolved.get(definition)?.errorRef ?? null;
  return text(error, 'errorCode');
}

function readError(process: ProcessDraft, definition: Moddle): ErrorDefinition {
  return {
    kind: 'error',
    code: errorCode(process, definition),
    codeVariable: text(definition, 'errorCodeVariable'),
    messageVariable: text(definition, 'errorMessageVariable'),
  };
}

function readEscalation(definition: Moddle): EscalationDefinition {
  return {
    kind: 'escalation',
    code: escalationCode(definition),
    codeVariable: text(definition, 'escalationCodeVariable'),
  };
}

function escalationCode(definition: Moddle): string | null {
  const escalation = one(definition.escalationRef);
  if (!escalation) return null;
  const code = text(escalation, 'escalationCode');
  return code === '' ? null : code;
}

/** The code that an event throws. @throws ModelError when it has none */
export function thrownEscalation(event: Moddle, definition: Moddle): string {
  const code = escalationCode(definition);
  if (code === null)
    throw refuse(event, 'throws an escalation without a code; give it an escalationCode');
  return code;
}
