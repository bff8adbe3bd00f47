/*
 * Process models as trees of blocks, each with one way in and one way out, so that every tree is a model that Camunda
 * takes. `arbitrary-process.ts` draws them, `to-bpmn.ts` writes their XML.
 */

export const CODES = ['E1', 'E2'] as const;
export const ESCALATIONS = ['X1', 'X2'] as const;
export type Code = (typeof CODES)[number];
export type Escalation = (typeof ESCALATIONS)[number];

export const CONDITIONS = ['a', 'b', 'n > 2', "s == 'x'"] as const;
export type Condition = (typeof CONDITIONS)[number];

/** How a branch, a sub-process or the process ends. */
export type End =
  | { type: 'none' }
  | { type: 'terminate' }
  | { type: 'error'; code: Code }
  | { type: 'escalation'; code: Escalation };

export const WAITS = ['message', 'signal', 'timer'] as const;
export type Wait = (typeof WAITS)[number];

/** The event of a boundary event or of the start of an event sub-process. A code of null catches all. */
export type Trigger =
  | { type: 'error'; code: Code | null }
  | { type: 'escalation'; code: Escalation | null; interrupting: boolean }
  | { type: Wait; interrupting: boolean };

export interface Boundary {
  trigger: Trigger;
  body: Block[];
  /** It goes where the activity goes, instead of ending. */
  rejoins: boolean;
}

/** Multi-instance. */
export interface Loop {
  sequential: boolean;
  cardinality: number;
  /** It ends when this many are complete. */
  enough: number | null;
}

export interface Branch {
  condition: Condition;
  body: Block[];
  /** It ends instead of reaching the join. */
  end: End | null;
}

export interface EventSub {
  trigger: Trigger;
  body: Block[];
  end: End;
}

export type Block =
  | { type: 'task'; user: boolean; async: boolean; loop: Loop | null; boundaries: Boundary[] }
  | { type: 'receive'; boundaries: Boundary[] }
  | { type: 'wait'; on: Wait }
  | { type: 'throw'; what: 'none' | 'signal' | Escalation }
  /** An event-based gateway. */
  | { type: 'race'; branches: { on: Wait; body: Block[] }[] }
  | { type: 'gateway'; kind: 'exclusive' | 'parallel' | 'inclusive'; branches: Branch[] }
  /** A task and the body, again as long as the condition holds. */
  | { type: 'again'; condition: Condition; body: Block[] }
  | ({ type: 'sub'; loop: Loop | null; boundaries: Boundary[] } & Content);

/** What is in a process or a sub-process. */
export interface Content {
  body: Block[];
  end: End;
  eventSubs: EventSub[];
}
