import type { Behavior, ElementIndex, MultiInstance } from '../program/program.ts';
import { behaviorOf, refuseListeners } from './behaviors.ts';
import { eventKind } from './definitions.ts';
import {
  addElement,
  type Draft,
  draftAt,
  expressionOf,
  optionalExpression,
  type ProcessDraft,
} from './draft.ts';
import { readMappings } from './mappings.ts';
import { bodyOf, flag, kindOf, list, type Moddle, one, refuse, text } from './moddle.ts';
import { setRetryCycles } from './retry-cycles.ts';
import { activityType } from './types.ts';

/** Of a multi-instance activity: what is around its instances. */
export const BODY_SUFFIX = '#multiInstanceBody';
/** Drawn, and without meaning when a process runs. */
const PASSIVE =
  /^(SequenceFlow|DataObject|DataObjectReference|DataStoreReference|ComplexGateway|AdHocSubProcess)$/;

/** Adds the elements of a process or sub-process, those within them included. */
export function addScope(process: ProcessDraft, scope: Moddle, parent: ElementIndex): void {
  for (const element of list(scope.flowElements)) {
    if (PASSIVE.test(kindOf(element))) continue;
    if (isLinkThrow(element)) {
      process.linkSources.set(element, linkName(element));
      continue;
    }
    addActivity(process, element, parent);
  }
}

function addActivity(process: ProcessDraft, element: Moddle, parent: ElementIndex): void {
  const body = addBody(process, element, parent);
  const draft = addElement(process, {
    id: String(element.id),
    name: text(element, 'name'),
    type: activityType(element),
    parent: body?.index ?? parent,
    behavior: isSubProcess(element) ? { kind: 'pass' } : behaviorOf(process, element),
  });
  process.indexOf.set(element, draft.index);
  process.flowEnd.set(element, body?.index ?? draft.index);
  if (body) body.behavior = loopOf(element, draft.index);
  draft.isCompensation = flag(element, 'isForCompensation');
  setAsync(element, draft, body);
  setRetryCycles(element, draft, body);
  draft.isScope = isScope(draft, element);
  addMappings(element, draft, body !== null);
  if (isSubProcess(element)) addSubProcess(process, element, draft);
  if (kindOf(element) === 'IntermediateCatchEvent' && eventKind(element) === 'link') {
    addLinkTarget(process, element, draft);
  }
}

function addSubProcess(process: ProcessDraft, element: Moddle, draft: Draft): void {
  refuseListeners(element);
  addScope(process, element, draft.index);
  const byEvent = flag(element, 'triggeredByEvent');
  const starts = list(element.flowElements).filter((one) => kindOf(one) === 'StartEvent');
  if (starts.length === 0) throw refuse(element, 'has no start event; give it one');
  if (starts.length > 1) throw refuse(element, `has ${starts.length} start events; leave one`);
  const [start] = starts as [Moddle];
  if (!byEvent && eventKind(start) !== 'none') {
    throw refuse(
      start,
      'has an event definition, which the start of an embedded sub-process must not have',
    );
  }
  draft.behavior = {
    kind: 'sub-process',
    start: process.indexOf.get(start) as ElementIndex,
    transaction: kindOf(element) === 'Transaction',
    byEvent,
  };
}

function addBody(process: ProcessDraft, element: Moddle, parent: ElementIndex): Draft | null {
  const loop = one(element.loopCharacteristics);
  if (kindOf(loop ?? element) !== 'MultiInstanceLoopCharacteristics') return null;
  return addElement(process, {
    id: `${element.id}${BODY_SUFFIX}`,
    name: text(element, 'name'),
    type: 'multiInstanceBody',
    parent,
    behavior: { kind: 'pass' },
    isScope: true,
  });
}

/** @see https://docs.camunda.org/manual/7.24/reference/bpmn20/tasks/task-markers/#multiple-instance */
function loopOf(element: Moddle, inner: ElementIndex): Behavior {
  const loop = one(element.loopCharacteristics) as Moddle;
  const cardinality = bodyOf(loop, 'loopCardinality');
  const collection = text(loop, 'collection') ?? loopInput(loop);
  const elementVariable = text(loop, 'elementVariable') ?? nameOfItem(loop);
  if (cardinality === '') throw refuse(element, 'has an empty loopCardinality; give it a number');
  if (cardinality === null && collection === null) {
    throw refuse(
      element,
      'is a multi-instance without a number; give it a loopCardinality or a camunda:collection',
    );
  }
  if (collection === null && elementVariable !== null) {
    throw refuse(
      element,
      'has a camunda:elementVariable without a camunda:collection; give it one',
    );
  }
  const loops: MultiInstance = {
    sequential: flag(loop, 'isSequential'),
    inner,
    cardinality: optionalExpression(element, cardinality),
    collection: collection === null ? null : collectionOf(element, collection),
    elementVariable,
    completion: optionalExpression(element, bodyOf(loop, 'completionCondition')),
  };
  return { kind: 'multi-instance', loop: loops };
}

function collectionOf(element: Moddle, collection: string): MultiInstance['collection'] {
  return collection.includes('{')
    ? { expression: expressionOf(element, collection) }
    : { variable: collection };
}

function loopInput(loop: Moddle): string | null {
  const input = loop.loopDataInputRef;
  if (typeof input === 'string') return input;
  return one(input)?.id ?? null;
}

function nameOfItem(loop: Moddle): string | null {
  const item = one(loop.inputDataItem);
  return item ? text(item, 'name') : null;
}

/** Of a loop the body is asynchronous by the activity's attributes, and each instance by those of the loop. */
function setAsync(element: Moddle, draft: Draft, body: Draft | null): void {
  const outer = body && !draft.isCompensation ? body : draft;
  outer.asyncBefore = flag(element, 'asyncBefore') || flag(element, 'async');
  outer.asyncAfter = flag(element, 'asyncAfter');
  if (outer === draft) return;
  const loop = one(element.loopCharacteristics);
  draft.asyncBefore = flag(loop, 'asyncBefore') || flag(loop, 'async');
  draft.asyncAfter = flag(loop, 'asyncAfter');
}

/** The activities that have variables of their own in Camunda. */
function isScope({ behavior }: Draft, element: Moddle): boolean {
  switch (kindOf(element)) {
    case 'SubProcess':
    case 'Transaction':
    case 'EventBasedGateway':
    case 'IntermediateCatchEvent':
      return true;
    case 'ReceiveTask':
      return element.messageRef !== undefined;
    case 'CallActivity':
      return !one(element.loopCharacteristics);
    default:
      return ['external-task', 'compensation-throw', 'cancel-end'].includes(behavior.kind);
  }
}

function addMappings(element: Moddle, draft: Draft, inLoop: boolean): void {
  const { inputs, outputs } = readMappings(element);
  if (inputs.length + outputs.length === 0) return;
  const kind = kindOf(element);
  if (/^(StartEvent|BoundaryEvent)$|Gateway$/.test(kind) || flag(element, 'triggeredByEvent')) {
    throw refuse(element, 'has a camunda:inputOutput, which it cannot have');
  }
  if (outputs.length > 0 && (kind === 'EndEvent' || inLoop)) {
    throw refuse(element, 'has a camunda:outputParameter, which it cannot have');
  }
  draft.inputs = inputs;
  draft.outputs = outputs;
  if (!inLoop) draft.isScope = true;
}

function isSubProcess(element: Moddle): boolean {
  return /^(SubProcess|Transaction)$/.test(kindOf(element));
}

function isLinkThrow(element: Moddle): boolean {
  return kindOf(element) === 'IntermediateThrowEvent' && eventKind(element) === 'link';
}

function linkName(element: Moddle): string {
  return String(list(element.eventDefinitions)[0]?.name ?? '');
}

function addLinkTarget(process: ProcessDraft, element: Moddle, draft: Draft): void {
  const name = linkName(element);
  if (process.linkTargets.has(name)) {
    throw refuse(element, `catches the link "${name}", which another event catches already`);
  }
  process.linkTargets.set(name, draft.index);
}

export function drafts(process: ProcessDraft, scope: Moddle): { element: Moddle; draft: Draft }[] {
  return list(scope.flowElements).flatMap((element) => {
    const index = process.indexOf.get(element);
    return index === undefined ? [] : [{ element, draft: draftAt(process, index) }];
  });
}
