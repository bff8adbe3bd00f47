import { compileExpression } from '../expressions/compile-expression.ts';
import type { Expression } from '../expressions/expression.ts';
import type {
  Element,
  ElementIndex,
  Flow,
  FlowIndex,
  Handler,
  Mapping,
} from '../program/program.ts';
import { kindOf, list, type Moddle, ModelError, nameOf, type Unresolved } from './moddle.ts';

/** An element that is still written to. */
export type Draft = { -readonly [Property in keyof Element]: Element[Property] } & {
  outgoing: FlowIndex[];
  handlers: Handler[];
  errorHandlers: Handler[];
  escalationHandlers: Handler[];
  inputs: readonly Mapping[];
  outputs: readonly Mapping[];
};

/** A process that is being compiled. */
export interface ProcessDraft {
  readonly elements: Draft[];
  readonly flows: Flow[];
  readonly unresolved: Unresolved;
  /** The element of the model → its index; for a loop the index of what is repeated. */
  readonly indexOf: Map<Moddle, ElementIndex>;
  /** What a sequence flow to or from an element of the model means: for a loop its body. */
  readonly flowEnd: Map<Moddle, ElementIndex>;
  /** Link events: the name of each throwing one, and the catching one by its name. */
  readonly linkSources: Map<Moddle, string>;
  readonly linkTargets: Map<string, ElementIndex>;
  /** What external tasks have that say nothing else. */
  taskPriority: Expression | null;
  /** From everywhere in the process: one may stand outside the sub-process whose elements it connects. */
  readonly associations: readonly Moddle[];
  hasConditions: boolean;
}

export function newProcess(model: Moddle, unresolved: Unresolved): ProcessDraft {
  return {
    associations: associationsOf(model),
    elements: [],
    flows: [],
    unresolved,
    indexOf: new Map(),
    flowEnd: new Map(),
    linkSources: new Map(),
    linkTargets: new Map(),
    taskPriority: null,
    hasConditions: false,
  };
}

function associationsOf(scope: Moddle): Moddle[] {
  const own = list(scope.artifacts).filter((artifact) => kindOf(artifact) === 'Association');
  return [...own, ...list(scope.flowElements).flatMap(associationsOf)];
}

type NewElement = Pick<Draft, 'id' | 'name' | 'type' | 'parent' | 'behavior'> & Partial<Draft>;

export function addElement(process: ProcessDraft, given: NewElement): Draft {
  const draft: Draft = {
    outgoing: [],
    incoming: 0,
    defaultFlow: null,
    defaultMissing: false,
    asyncBefore: false,
    asyncAfter: false,
    retryCycle: null,
    isScope: false,
    inputs: [],
    outputs: [],
    handlers: [],
    errorHandlers: [],
    escalationHandlers: [],
    compensation: null,
    isCompensation: false,
    ...given,
    index: process.elements.length,
  };
  process.elements.push(draft);
  return draft;
}

export function draftAt(process: ProcessDraft, index: ElementIndex): Draft {
  const draft = process.elements[index];
  if (!draft) throw new Error(`there is no element ${index}`);
  return draft;
}

/** An expression of an element; a text without braces stands for itself. */
export function expressionOf(element: Moddle, source: string): Expression {
  try {
    return compileExpression(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelError(`${nameOf(element)} has the expression ${source.trim()}: ${reason}`);
  }
}

export function optionalExpression(element: Moddle, source: string | null): Expression | null {
  return source === null ? null : expressionOf(element, source);
}
