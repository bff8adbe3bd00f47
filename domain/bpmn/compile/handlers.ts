import type { ElementIndex, EventDefinition, Handler } from '../program/program.ts';
import { definitionOf, eventKind, readDefinition, readMessage } from './definitions.ts';
import { type Draft, draftAt, type ProcessDraft } from './draft.ts';
import { flag, kindOf, list, type Moddle, one, refuse, text } from './moddle.ts';
import { drafts } from './scope.ts';

/** Says of each scope and activity what it waits for while it is open. */
export function addHandlers(process: ProcessDraft, scope: Moddle, index: ElementIndex): void {
  const own = draftAt(process, index);
  // First: a catch event behind an event-based gateway belongs to that.
  for (const { element, draft } of drafts(process, scope)) {
    if (kindOf(element) === 'EventBasedGateway') addGateway(process, scope, element, draft);
  }
  // An event sub-process is asked before a boundary event of what it is in, as in Camunda.
  for (const { element, draft } of drafts(process, scope)) {
    if (draft.behavior.kind === 'sub-process') addHandlers(process, element, draft.index);
  }
  for (const { element, draft } of drafts(process, scope)) {
    const kind = kindOf(element);
    if (kind === 'BoundaryEvent') addBoundary(process, scope, element, draft);
    if (kind === 'IntermediateCatchEvent' && draft.behavior.kind === 'wait')
      addSelf(process, element, draft);
    if (kind === 'ReceiveTask' && element.messageRef) addMessage(element, draft);
    if (flag(element, 'triggeredByEvent')) addEventSubProcess(process, element, draft, own);
  }
}

function addSelf(process: ProcessDraft, element: Moddle, draft: Draft): void {
  const definition = readDefinition(process, element);
  if (definition.kind === 'none')
    throw refuse(element, 'waits for nothing; give it an event definition');
  addHandler(process, element, draft, { ...itself(draft), definition });
}

function addMessage(element: Moddle, draft: Draft): void {
  draft.handlers.push({ ...itself(draft), definition: readMessage(element, element) });
}

const itself = ({ index }: Draft) => ({ element: index, event: index, interrupting: true });

function addGateway(process: ProcessDraft, scope: Moddle, gateway: Moddle, draft: Draft): void {
  if (draft.asyncAfter) throw refuse(gateway, 'cannot be left asynchronously');
  const flows = list(scope.flowElements).filter(
    (flow) => kindOf(flow) === 'SequenceFlow' && flow.sourceRef === gateway,
  );
  for (const flow of flows) {
    const target = one(flow.targetRef);
    const index = target ? process.indexOf.get(target) : undefined;
    if (!target || index === undefined) continue;
    if (kindOf(target) !== 'IntermediateCatchEvent' || eventKind(target) === 'link') {
      throw refuse(
        gateway,
        `leads to "${target.id}", which is no intermediate event that can be waited for`,
      );
    }
    const caught = draftAt(process, index);
    caught.behavior = { kind: 'caught' };
    caught.isScope = caught.inputs.length + caught.outputs.length > 0;
    const definition = readDefinition(process, target);
    addHandler(process, target, draft, {
      element: index,
      event: index,
      definition,
      interrupting: true,
    });
  }
}

/** Kinds of boundary events that one attaches to anything. */
const ESCALATED = /^(SubProcess|Transaction|CallActivity|UserTask)$/;

function addBoundary(process: ProcessDraft, scope: Moddle, event: Moddle, draft: Draft): void {
  const attached = one(event.attachedToRef);
  const inner = attached ? process.indexOf.get(attached) : undefined;
  if (!attached || inner === undefined || !list(scope.flowElements).includes(attached)) {
    throw refuse(event, 'is attached to no activity of the same process or sub-process');
  }
  const definition = readDefinition(process, event);
  const host = draftAt(process, process.flowEnd.get(attached) as ElementIndex);
  const interrupting = text(event, 'cancelActivity') !== 'false';
  const handler = { element: draft.index, event: draft.index, definition, interrupting };
  switch (definition.kind) {
    case 'none':
      throw refuse(event, 'waits for nothing; give it an event definition');
    case 'compensation':
      addCompensation(process, scope, event, draftAt(process, inner));
      return;
    case 'cancel':
      addCancel(process, event, draft, draftAt(process, inner));
      return;
    case 'escalation':
      if (!ESCALATED.test(kindOf(attached))) {
        throw refuse(
          event,
          'catches escalations of a sub-process, a call activity or a user task only',
        );
      }
      break;
    default:
  }
  host.isScope = true;
  addHandler(process, event, host, handler);
}

/** Makes the activity that undoes another one its compensation. */
function addCompensation(process: ProcessDraft, scope: Moddle, event: Moddle, host: Draft): void {
  const targets = process.associations
    .filter(({ sourceRef }) => sourceRef === event)
    .map(({ targetRef }) => one(targetRef));
  const boundaries = drafts(process, scope).filter(
    ({ element }) =>
      element.attachedToRef === event.attachedToRef && eventKind(element) === 'compensate',
  );
  if (boundaries.length > 1)
    throw refuse(event, 'is one of several compensation events of an activity; leave one');
  for (const target of targets) {
    const index = target ? process.indexOf.get(target) : undefined;
    if (!target || index === undefined) continue;
    const handler = draftAt(process, index);
    if (!handler.isCompensation) {
      throw refuse(
        event,
        `leads to "${target.id}", which is not for compensation (isForCompensation)`,
      );
    }
    if (host.compensation !== null && isSubProcess(draftAt(process, host.compensation))) {
      throw refuse(
        event,
        'is at a sub-process with a compensation event sub-process; leave one of them',
      );
    }
    host.compensation = index;
    const body = draftAt(process, host.parent);
    const own = draftAt(process, process.flowEnd.get(target) as ElementIndex);
    // What undoes an instance of a loop runs within the loop.
    if (body.behavior.kind === 'multi-instance') own.parent = body.index;
  }
}

function isSubProcess({ behavior }: Draft): boolean {
  return behavior.kind === 'sub-process';
}

function addCancel(process: ProcessDraft, event: Moddle, draft: Draft, transaction: Draft): void {
  if (transaction.type !== 'transaction')
    throw refuse(event, 'cancels a transaction, and is attached to none');
  let ends = 0;
  for (const element of process.elements) {
    if (element.parent !== transaction.index || element.behavior.kind !== 'cancel-end') continue;
    if (element.behavior.boundary !== null) {
      throw refuse(event, 'is one of several cancel events of a transaction; leave one');
    }
    element.behavior = { kind: 'cancel-end', boundary: draft.index };
    ends++;
  }
  if (ends === 0) transaction.isScope = true;
}

function addEventSubProcess(
  process: ProcessDraft,
  element: Moddle,
  draft: Draft,
  own: Draft,
): void {
  const start = list(element.flowElements).find(
    (child) => kindOf(child) === 'StartEvent',
  ) as Moddle;
  const definition = definitionOf(start) ? readDefinition(process, start) : null;
  const interrupting = text(start, 'isInterrupting') !== 'false';
  const event = process.indexOf.get(start) as ElementIndex;
  switch (definition?.kind) {
    case undefined:
    case 'none':
    case 'cancel':
      throw refuse(
        start,
        'starts an event sub-process and waits for no event; give it an event definition',
      );
    case 'compensation':
      addCompensationSubProcess(start, draft, own);
      return;
    case 'error':
      if (!interrupting) throw refuse(start, 'catches an error, and must interrupt');
      break;
    default:
  }
  addHandler(process, start, own, {
    element: draft.index,
    event,
    definition: definition as EventDefinition,
    interrupting,
  });
}

function addCompensationSubProcess(start: Moddle, draft: Draft, own: Draft): void {
  if (own.parent === -1) {
    throw refuse(
      start,
      'is for compensation, which an event sub-process of a process is not run for',
    );
  }
  if (own.compensation !== null)
    throw refuse(start, 'is for compensation of a sub-process that has another for it');
  draft.isCompensation = true;
  own.compensation = draft.index;
}

/** Adds a handler to a host, with what Camunda checks of several at one host. */
function addHandler(process: ProcessDraft, event: Moddle, host: Draft, handler: Handler): void {
  const { definition } = handler;
  if (definition.kind === 'error') {
    host.errorHandlers.push(handler);
    host.errorHandlers.sort((a, b) => precedence(process, b) - precedence(process, a));
    return;
  }
  if (definition.kind === 'escalation') {
    checkEscalation(process, event, host, handler);
    host.escalationHandlers.push(handler);
    return;
  }
  if (definition.kind === 'message' || definition.kind === 'signal') {
    const other = host.handlers.find(
      (other) =>
        other.definition.kind === definition.kind &&
        other.definition.name.text === definition.name.text,
    );
    if (other)
      throw refuse(
        event,
        `waits for the ${definition.kind} "${definition.name.text}" at the same place as another event`,
      );
  }
  host.handlers.push(handler);
}

/** An event sub-process catches before a boundary event, a code before none. */
function precedence(process: ProcessDraft, { element, definition }: Handler): number {
  const isInner = isSubProcess(draftAt(process, element));
  return (isInner ? 10 : 0) + (definition.kind === 'error' && definition.code !== null ? 1 : 0);
}

function checkEscalation(
  process: ProcessDraft,
  event: Moddle,
  host: Draft,
  handler: Handler,
): void {
  const inner = (one: Handler): boolean => isSubProcess(draftAt(process, one.element));
  const code = ({ definition }: Handler): string | null =>
    definition.kind === 'escalation' ? definition.code : null;
  for (const other of host.escalationHandlers) {
    if (inner(other) !== inner(handler)) continue;
    if (code(other) === null || code(handler) === null || code(other) === code(handler)) {
      throw refuse(event, 'catches escalations that another event at the same place catches, too');
    }
  }
}
