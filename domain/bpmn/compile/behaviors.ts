import type { Behavior, CallBinding, ExternalError } from '../program/program.ts';
import { definitionOf, errorCode, eventKind, signalName, thrownEscalation } from './definitions.ts';
import { expressionOf, optionalExpression, type ProcessDraft } from './draft.ts';
import { readPassings } from './mappings.ts';
import { extensions, flag, kindOf, list, type Moddle, one, refuse, text } from './moddle.ts';
import { readUserTask } from './user-task.ts';

const PASS: Behavior = { kind: 'pass' };
const WAIT: Behavior = { kind: 'wait' };

/** What an element does that has no other elements in it. @throws ModelError for what cannot be run */
export function behaviorOf(process: ProcessDraft, element: Moddle): Behavior {
  refuseListeners(element);
  switch (kindOf(element)) {
    case 'ServiceTask':
    case 'SendTask':
    case 'BusinessRuleTask':
      return externalTask(process, element, element);
    case 'UserTask':
      return { kind: 'user-task', task: readUserTask(element) };
    case 'ReceiveTask':
      return WAIT;
    case 'Task':
    case 'ManualTask':
    case 'StartEvent':
    case 'BoundaryEvent':
      return PASS;
    case 'CallActivity':
      return callActivity(element);
    case 'ExclusiveGateway':
      return { kind: 'exclusive' };
    case 'InclusiveGateway':
      return { kind: 'inclusive' };
    case 'ParallelGateway':
      return { kind: 'parallel' };
    case 'EventBasedGateway':
      return { kind: 'event-based' };
    case 'IntermediateCatchEvent':
      return eventKind(element) === 'link' ? PASS : WAIT;
    case 'IntermediateThrowEvent':
    case 'EndEvent':
      return throwing(process, element);
    case 'ScriptTask':
      throw refuse(element, 'is a script, which is not run; make it an external task');
    default:
      throw refuse(element, 'is of a kind that is not run');
  }
}

/** What an end event or an intermediate throw event does. */
function throwing(process: ProcessDraft, event: Moddle): Behavior {
  const definition = definitionOf(event);
  if (!definition) return PASS;
  const isEnd = kindOf(event) === 'EndEvent';
  switch (eventKind(event)) {
    case 'message':
      return isExternal(definition) ? externalTask(process, event, definition) : PASS;
    case 'signal':
      return {
        kind: 'signal-throw',
        name: expressionOf(event, signalName(event, definition)),
        payload: readPassings(event, definition, 'in'),
        async: flag(definition, 'async'),
      };
    case 'escalation':
      if (!definition.escalationRef)
        throw refuse(event, 'throws no escalation; give it an escalationRef');
      return { kind: 'escalation-throw', code: thrownEscalation(event, definition) };
    case 'compensate':
      // The activity is known when all elements of the process are.
      return { kind: 'compensation-throw', activity: null };
    case 'terminate':
      return { kind: 'terminate' };
    case 'error':
      return errorEnd(process, event, definition);
    case 'cancel':
      if (isEnd) return { kind: 'cancel-end', boundary: null };
      throw refuse(event, 'cancels, which only an end event in a transaction does');
    default:
      throw refuse(event, `has a ${kindOf(definition)}, which it cannot throw`);
  }
}

function errorEnd(process: ProcessDraft, event: Moddle, definition: Moddle): Behavior {
  const code = errorCode(process, definition);
  if (!code) throw refuse(event, 'throws an error without a code; give the error an errorCode');
  const message = one(definition.errorRef);
  return {
    kind: 'error-end',
    code,
    message: optionalExpression(event, message ? text(message, 'errorMessage') : null),
  };
}

function isExternal(holder: Moddle): boolean {
  const other = ['class', 'expression', 'delegateExpression'].some(
    (name) => text(holder, name) !== null,
  );
  return other || text(holder, 'type') !== null || extensions(holder, 'connector').length > 0;
}

/** @param holder where the attributes stand: the task, or the message event definition */
function externalTask(process: ProcessDraft, element: Moddle, holder: Moddle): Behavior {
  const topic = text(holder, 'topic');
  if (text(holder, 'type')?.toLowerCase() !== 'external') {
    const has = ['class', 'delegateExpression', 'expression', 'decisionRef', 'type'].find(
      (name) => text(holder, name) !== null,
    );
    throw refuse(
      element,
      `${has ? `has camunda:${has}, which is not run` : 'says not how it is done'}; make it an external task (camunda:type="external" and a camunda:topic)`,
    );
  }
  if (topic === null)
    throw refuse(element, 'is an external task without a topic; give it a camunda:topic');
  return {
    kind: 'external-task',
    topic: expressionOf(element, topic),
    priority: priorityOf(element, holder) ?? process.taskPriority,
    errors: externalErrors(process, element, holder),
  };
}

/** `camunda:taskPriority` of an external task, or of the process for all that have none. */
export function priorityOf(element: Moddle, holder: Moddle) {
  const priority = text(holder, 'taskPriority');
  if (priority === null) return null;
  if (!/[$#]\{/.test(priority) && !/^[+-]?\d+$/.test(priority)) {
    throw refuse(element, `has the priority "${priority}", which is no whole number`);
  }
  return expressionOf(element, priority);
}

/** `camunda:errorEventDefinition` of an external task. */
function externalErrors(process: ProcessDraft, element: Moddle, holder: Moddle): ExternalError[] {
  return extensions(holder, 'errorEventDefinition').flatMap((definition) => {
    const code = errorCode(process, definition);
    if (code === null) return [];
    const condition = text(definition, 'expression');
    if (condition === null) {
      throw refuse(
        element,
        'has a camunda:errorEventDefinition without an expression; give it one',
      );
    }
    return [{ condition: expressionOf(element, condition), code }];
  });
}

function callActivity(element: Moddle): Behavior {
  const called = text(element, 'calledElement');
  for (const name of ['caseRef', 'variableMappingClass', 'variableMappingDelegateExpression']) {
    if (text(element, name) !== null)
      throw refuse(element, `has camunda:${name}, which is not run`);
  }
  if (!called) throw refuse(element, 'calls no process; give it a calledElement');
  return {
    kind: 'call',
    called: expressionOf(element, called),
    binding: bindingOf(element),
    ins: readPassings(element, element, 'in'),
    outs: readPassings(element, element, 'out'),
  };
}

function bindingOf(element: Moddle): CallBinding {
  const binding = text(element, 'calledElementBinding') ?? 'latest';
  const needed = (name: string) => {
    const value = text(element, name);
    if (value === null) throw refuse(element, `is bound to a ${binding} without camunda:${name}`);
    return expressionOf(element, value);
  };
  switch (binding) {
    case 'deployment':
      return { kind: 'deployment' };
    case 'version':
      return { kind: 'version', version: needed('calledElementVersion') };
    case 'versionTag':
      return { kind: 'version-tag', tag: needed('calledElementVersionTag') };
    default:
      return { kind: 'latest' };
  }
}

/** Listeners and connectors are Java, scripts or beans. */
export function refuseListeners(element: Moddle): void {
  for (const name of ['executionListener', 'taskListener', 'connector']) {
    if (extensions(element, name).length === 0) continue;
    throw refuse(element, `has a camunda:${name}, which is not run; do it in an external task`);
  }
  for (const definition of list(element.eventDefinitions)) refuseListeners(definition);
}
