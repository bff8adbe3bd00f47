import type { Element, ElementIndex, Program, StartEvent } from '../program/program.ts';
import { priorityOf, refuseListeners } from './behaviors.ts';
import { definitionOf, readDefinition } from './definitions.ts';
import { addElement, type Draft, draftAt, newProcess, type ProcessDraft } from './draft.ts';
import { addFlows, checkFlows } from './flows.ts';
import { addHandlers } from './handlers.ts';
import { readHistoryDays } from './history-days.ts';
import {
  flag,
  kindOf,
  list,
  type Moddle,
  ModelError,
  one,
  refuse,
  text,
  type Unresolved,
} from './moddle.ts';
import { addScope, drafts } from './scope.ts';

/**
 * Compiles the executable processes of a BPMN file, each to a flat program. Collaborations, lanes, data and diagrams mean
 * nothing when a process runs.
 *
 * @param root `bpmn:Definitions` as bpmn-moddle reads it
 * @param unresolved what the file refers to and does not have
 * @throws ModelError naming the element that cannot be run, and what to do instead
 */
export function compile(root: Moddle, unresolved: Unresolved = new Map()): Program[] {
  checkRoots(root);
  return list(root.rootElements)
    .filter((element) => kindOf(element) === 'Process' && flag(element, 'isExecutable'))
    .map((process) => compileProcess(process, unresolved));
}

function checkRoots(root: Moddle): void {
  const signals = new Set<string>();
  for (const element of list(root.rootElements)) {
    if (kindOf(element) !== 'Signal') continue;
    const name = text(element, 'name');
    if (!element.id) throw new ModelError('a signal has no id; give it one');
    if (name === null) throw refuse(element, 'has no name; give it one');
    if (signals.has(name)) throw refuse(element, `has the name "${name}" of another signal`);
    signals.add(name);
  }
}

function compileProcess(model: Moddle, unresolved: Unresolved): Program {
  if (!model.id) throw new ModelError('an executable process has no id; give it one');
  refuseListeners(model);
  const process = newProcess(model, unresolved);
  process.taskPriority = priorityOf(model, model);
  const own = addElement(process, {
    id: model.id,
    name: text(model, 'name'),
    type: 'processDefinition',
    parent: -1,
    behavior: { kind: 'process' },
    isScope: true,
  });
  addScope(process, model, own.index);
  addHandlers(process, model, own.index);
  visitScopes(process, model, (scope) => addFlows(process, scope));
  visitScopes(process, model, (scope) => finishScope(process, scope));
  const starts = startsOf(process, model);
  return {
    key: model.id,
    name: own.name,
    versionTag: text(model, 'versionTag'),
    historyDays: readHistoryDays(model),
    initiator: initiatorOf(model),
    elements: process.elements as readonly Element[],
    flows: process.flows,
    initial: initialOf(model, starts),
    starts,
    hasConditions: process.hasConditions,
    byId: new Map(process.elements.map(({ id, index }) => [id, index])),
  };
}

function visitScopes(process: ProcessDraft, scope: Moddle, visit: (scope: Moddle) => void): void {
  visit(scope);
  for (const { element, draft } of drafts(process, scope)) {
    if (draft.behavior.kind === 'sub-process') visitScopes(process, element, visit);
  }
}

/** What can be said of elements only when all are there. */
function finishScope(process: ProcessDraft, scope: Moddle): void {
  for (const { element, draft } of drafts(process, scope)) {
    checkFlows(process, element, process.flowEnd.get(element) as ElementIndex);
    if (draft.behavior.kind === 'compensation-throw')
      setCompensated(process, scope, element, draft);
    if (
      draft.behavior.kind === 'cancel-end' &&
      draftAt(process, draft.parent).type !== 'transaction'
    ) {
      throw refuse(element, 'cancels a transaction, and is in none');
    }
  }
}

/** The activity that a compensation event names: one beside it, or beside the event sub-process that it is in. */
function setCompensated(process: ProcessDraft, scope: Moddle, event: Moddle, draft: Draft): void {
  const definition = definitionOf(event) as Moddle;
  const named = one(definition.activityRef);
  const id = named?.id ?? process.unresolved.get(definition)?.activityRef;
  if (id === undefined) return;
  const own = draftAt(process, draft.parent);
  const scopes = flag(scope, 'triggeredByEvent') ? [own.index, own.parent] : [own.index];
  const index = named ? process.indexOf.get(named) : undefined;
  const end = named ? process.flowEnd.get(named) : undefined;
  if (index === undefined || end === undefined || !scopes.includes(draftAt(process, end).parent)) {
    throw refuse(event, `compensates "${id}", which is no activity beside it`);
  }
  draft.behavior = { kind: 'compensation-throw', activity: index };
}

function startsOf(process: ProcessDraft, model: Moddle): StartEvent[] {
  const names = new Set<string>();
  return drafts(process, model).flatMap(({ element, draft }) => {
    if (kindOf(element) !== 'StartEvent') return [];
    const definition = readDefinition(process, element);
    if (definition.kind === 'message' || definition.kind === 'signal') {
      const key = `${definition.kind} ${definition.name.text}`;
      if (names.has(key))
        throw refuse(
          element,
          `waits for the ${definition.kind} "${definition.name.text}" as another start event does`,
        );
      names.add(key);
      if (definition.kind === 'message' && !definition.name.isLiteral) {
        throw refuse(
          element,
          `waits for a message with the expression ${definition.name.text} for a name; give it a fixed name`,
        );
      }
    }
    return [{ element: draft.index, definition }];
  });
}

/** The one none or timer start event; the only start event, whatever it is; else nothing. */
function initialOf(model: Moddle, starts: readonly StartEvent[]): ElementIndex | null {
  if (starts.length === 0) throw refuse(model, 'has no start event; give it one');
  const plain = starts.filter(
    ({ definition }) => definition.kind === 'none' || definition.kind === 'timer',
  );
  if (plain.length > 1)
    throw refuse(model, `has ${plain.length} start events without a message or signal; leave one`);
  const [first] = plain.length > 0 ? plain : starts.length === 1 ? starts : [];
  return first?.element ?? null;
}

function initiatorOf(model: Moddle): string | null {
  const starts = list(model.flowElements).filter((element) => kindOf(element) === 'StartEvent');
  const named = starts.map((start) => text(start, 'initiator')).filter((name) => name !== null);
  return named.at(-1) ?? null;
}
