import type { Expression } from '../expressions/expression.ts';

/*
 * What a BPMN file is compiled to: a flat list of elements, which name each other by their index in it. It is made once
 * for a deployment and never changed. The words are Camunda's; see `compile.ts` for what becomes of which element.
 */

/** The index of an element in its program. */
export type ElementIndex = number;
/** The index of a sequence flow in its program. */
export type FlowIndex = number;

export interface Flow {
  /** Null when the model gives it none. */
  readonly id: string | null;
  readonly source: ElementIndex;
  readonly target: ElementIndex;
  readonly condition: Expression | null;
}

/** A retry cycle as a model has it: plain text, or an expression that gives the text. */
export type RetrySource = string | Expression;

export type TimerKind = 'date' | 'duration' | 'cycle';

export interface TimerDefinition {
  readonly kind: 'timer';
  readonly timer: TimerKind;
  readonly expression: Expression;
}
export interface NamedDefinition {
  readonly kind: 'message' | 'signal';
  readonly name: Expression;
}
export interface ConditionDefinition {
  readonly kind: 'conditional';
  readonly condition: Expression;
  /** Only a change of this variable makes it look; null: of any. */
  readonly variableName: string | null;
  /** `create`, `update`, `delete`; empty: all. */
  readonly variableEvents: readonly string[];
}
export interface ErrorDefinition {
  readonly kind: 'error';
  /** Null: every code. */
  readonly code: string | null;
  readonly codeVariable: string | null;
  readonly messageVariable: string | null;
}
export interface EscalationDefinition {
  readonly kind: 'escalation';
  /** Null: every code. */
  readonly code: string | null;
  readonly codeVariable: string | null;
}
export type EventDefinition =
  | TimerDefinition
  | NamedDefinition
  | ConditionDefinition
  | ErrorDefinition
  | EscalationDefinition
  | { readonly kind: 'compensation' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'none' };

/** Something that a scope waits for while it is open: a boundary event, an event sub-process or the element itself. */
export interface Handler {
  /** What is started: the boundary event, the catch event or the event sub-process (not its start event). */
  readonly element: ElementIndex;
  /** Where the event stands in the model, for the subscription's activity id. */
  readonly event: ElementIndex;
  readonly definition: EventDefinition;
  readonly interrupting: boolean;
}

/** One parameter of an input or output mapping. */
export interface Mapping {
  readonly name: string;
  readonly value: MappedValue;
}
export type MappedValue =
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'list'; readonly items: readonly MappedValue[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Expression, MappedValue])[] }
  | { readonly kind: 'null' };

/** `camunda:in` and `camunda:out` of a call activity, and the payload of a thrown signal. */
export type Passing =
  | { readonly kind: 'all'; readonly local: boolean }
  | {
      readonly kind: 'variable';
      readonly source: string;
      readonly target: string;
      readonly local: boolean;
    }
  | {
      readonly kind: 'expression';
      readonly source: Expression;
      readonly target: string;
      readonly local: boolean;
    }
  | { readonly kind: 'businessKey'; readonly source: Expression };

export interface MultiInstance {
  readonly sequential: boolean;
  /** The activity that is repeated. */
  readonly inner: ElementIndex;
  readonly cardinality: Expression | null;
  /** An expression, or the name of a variable. */
  readonly collection: { readonly expression: Expression } | { readonly variable: string } | null;
  readonly elementVariable: string | null;
  readonly completion: Expression | null;
}

/** A BPMN error that an external task throws by itself when its condition holds. */
export interface ExternalError {
  readonly condition: Expression;
  readonly code: string;
}

export interface UserTaskDefinition {
  readonly name: Expression | null;
  readonly description: Expression | null;
  readonly assignee: Expression | null;
  readonly candidateUsers: readonly Expression[];
  readonly candidateGroups: readonly Expression[];
  readonly dueDate: Expression | null;
  readonly followUpDate: Expression | null;
  readonly priority: Expression | null;
  readonly formKey: Expression | null;
}

/** What an element does when it is entered. */
export type Behavior =
  | { readonly kind: 'process' }
  | { readonly kind: 'pass' }
  | {
      readonly kind: 'external-task';
      readonly topic: Expression;
      readonly priority: Expression | null;
      readonly errors: readonly ExternalError[];
    }
  | { readonly kind: 'user-task'; readonly task: UserTaskDefinition }
  /** A receive task or an intermediate catch event: waits for its own handler, or to be triggered. */
  | { readonly kind: 'wait' }
  /** A catch event behind an event-based gateway: its event has happened when it is entered. */
  | { readonly kind: 'caught' }
  | {
      readonly kind: 'sub-process';
      readonly start: ElementIndex;
      readonly transaction: boolean;
      readonly byEvent: boolean;
    }
  | {
      readonly kind: 'call';
      readonly called: Expression;
      readonly binding: CallBinding;
      readonly ins: readonly Passing[];
      readonly outs: readonly Passing[];
    }
  | { readonly kind: 'multi-instance'; readonly loop: MultiInstance }
  | { readonly kind: 'exclusive' }
  | { readonly kind: 'inclusive' }
  | { readonly kind: 'parallel' }
  | { readonly kind: 'event-based' }
  | { readonly kind: 'terminate' }
  | { readonly kind: 'error-end'; readonly code: string; readonly message: Expression | null }
  | { readonly kind: 'escalation-throw'; readonly code: string }
  | {
      readonly kind: 'signal-throw';
      readonly name: Expression;
      readonly payload: readonly Passing[];
      /** `camunda:async`: intermediate events get it by jobs. */
      readonly async: boolean;
    }
  | { readonly kind: 'compensation-throw'; readonly activity: ElementIndex | null }
  /** `boundary` is the cancel boundary event of the transaction; null: it has none, and the end event fails. */
  | { readonly kind: 'cancel-end'; readonly boundary: ElementIndex | null };

export type CallBinding =
  | { readonly kind: 'latest' }
  | { readonly kind: 'deployment' }
  | { readonly kind: 'version'; readonly version: Expression }
  | { readonly kind: 'version-tag'; readonly tag: Expression };

export interface Element {
  readonly index: ElementIndex;
  /** The id in the model; a multi-instance body has the suffix `#multiInstanceBody`. */
  readonly id: string;
  readonly name: string | null;
  /** Camunda's name of the kind of activity: `serviceTask`, `startEvent`, `boundaryTimer`, … */
  readonly type: string;
  /** The scope that its instances run in; -1 for the process itself. */
  readonly parent: ElementIndex;
  readonly behavior: Behavior;
  readonly outgoing: readonly FlowIndex[];
  readonly incoming: number;
  /** The flow that is taken when no other is. */
  readonly defaultFlow: FlowIndex | null;
  /** The `default` attribute names a flow that leaves it not. */
  readonly defaultMissing: boolean;
  readonly asyncBefore: boolean;
  readonly asyncAfter: boolean;
  /** `camunda:failedJobRetryTimeCycle` of its jobs: asynchronous continuations and timers. */
  readonly retryCycle: RetrySource | null;
  /** Its instances have variables of their own. */
  readonly isScope: boolean;
  readonly inputs: readonly Mapping[];
  readonly outputs: readonly Mapping[];
  /** What its instances wait for while they are open; errors, escalations, compensation and cancel are looked up, not awaited. */
  readonly handlers: readonly Handler[];
  /** The handlers of errors, those of event sub-processes first, a code before none. */
  readonly errorHandlers: readonly Handler[];
  readonly escalationHandlers: readonly Handler[];
  /** What undoes it: an activity, or a compensation event sub-process in it. */
  readonly compensation: ElementIndex | null;
  /** It undoes something: no flow enters or leaves it. */
  readonly isCompensation: boolean;
}

/** How an instance of a process can begin. */
export interface StartEvent {
  readonly element: ElementIndex;
  readonly definition: EventDefinition;
}

/** One executable process of a file. */
export interface Program {
  readonly key: string;
  readonly name: string | null;
  readonly versionTag: string | null;
  /** Days that ended instances are kept. */
  readonly historyDays: number;
  /** Variable that gets the name of who starts an instance. */
  readonly initiator: string | null;
  /** [0] is the process. */
  readonly elements: readonly Element[];
  readonly flows: readonly Flow[];
  /** Where an instance begins that is started by its key; null: it can only be started by an event. */
  readonly initial: ElementIndex | null;
  readonly starts: readonly StartEvent[];
  readonly hasConditions: boolean;
  /** Index by id. */
  readonly byId: ReadonlyMap<string, ElementIndex>;
}
