import type { ElementIndex, FlowIndex } from '../program/program.ts';
import type { Value } from '../values/value.ts';

/*
 * The state of a process instance with all that it has called, as small plain JSON: a tree of nodes. A node is an instance
 * of a scope or an activity, or a token on its way. Everything of a node's is in its scope's node while it is open, and
 * is gone with it.
 */

/** The number of a node: unique in its state, given in order. */
export type NodeId = number;

/** A token that has not entered an activity yet. */
export type Pending =
  /** On a flow to its element. */
  | 'enter'
  /** Waits for a job to enter its element (`camunda:asyncBefore`). */
  | 'before'
  /** Its element is left, and a job takes its flow (`camunda:asyncAfter`). */
  | 'after'
  /** It has ended where nothing counts it, and stays: see `leave.ts`. */
  | 'stranded';

export interface Node {
  readonly id: NodeId;
  /** The node around it; null for the root. */
  up: NodeId | null;
  /** Its element, in the program of its process instance. */
  el: ElementIndex;
  /** The node of its process instance: its own id when it is one. */
  in: NodeId;
  vars?: Record<string, Value>;
  pending?: Pending;
  /** Pending: the flow that it is on, or will take. */
  flow?: FlowIndex;
  /** Pending on a flow that its element is entered over even though it is asynchronous: the job has been. */
  passed?: true;
  /** At a join, waiting for others. */
  joined?: true;
  /** Closed and kept with its variables, for compensation. */
  kept?: true;
  /** What compensation of this scope would do, in the order in which the activities ended. */
  undo?: Undo[];
  /** It had ended, and was kept: history has it already. */
  revived?: true;
  /** It waits for what it has thrown compensation for. */
  undoing?: true;
  /** Its instance of a loop has ended, and its user task is still open, or has been done since: see `open-tasks.ts`. */
  ended?: 'task-open' | 'task-done';
  /** The process instance: what only it has. */
  instance?: InstanceInfo;
  /** A call activity whose called instance has ended: that instance. */
  calledInstance?: string | null;
  /** When its activity began, in milliseconds since the epoch. */
  since?: number;
}

export interface InstanceInfo {
  readonly id: string;
  readonly definition: string;
  businessKey: string | null;
  /** Variables of scopes that have ended, which Camunda's history has among those of the process instance. */
  past?: Record<string, Value>;
}

export interface Undo {
  /** The activity or event sub-process that undoes, or the scope whose kept node is undone. */
  readonly el: ElementIndex;
  /** The kept node of the scope. */
  readonly kept: NodeId | null;
  readonly seq: number;
}

/** Something awaited; gone with its node. */
export interface Wait {
  /** Unique in the state. */
  readonly id: number;
  readonly node: NodeId;
  readonly kind: 'message' | 'signal' | 'conditional' | 'timer' | 'job';
  /** The index of the handler in its element's `handlers`; -1 for a job that enters or leaves an activity. */
  readonly handler: number;
  /** Of a message or signal. */
  readonly name?: string;
  /** Of a timer or job, in milliseconds since the epoch. */
  due?: number;
  /** Of a cycle: what is left of it, as `R2/PT1S`. */
  repeat?: string;
  /** Of a timer or job: the attempts that it begins with; left out: three. */
  readonly retries?: number;
  /** Of a job that delivers a signal: to what waits for it. */
  readonly delivers?: {
    readonly wait: number;
    readonly variables?: Readonly<Record<string, Value>>;
  };
}

export interface State {
  /** The last number given to a node or wait. */
  seq: number;
  /** By id; the first is the root. */
  nodes: Node[];
  waits: Wait[];
}
