import type { Values } from '../values/value.ts';
import type { NodeId, Wait } from './state.ts';

/** What a step asks the world to do, or tells it. */
export type Effect =
  | {
      readonly kind: 'instance-started';
      readonly node: NodeId;
      readonly id: string;
      readonly definition: string;
      readonly businessKey: string | null;
      readonly calledBy: {
        readonly instance: string;
        readonly activity: string;
        readonly node: NodeId;
      } | null;
    }
  /** `variables`: what the instance had at its end. */
  | {
      readonly kind: 'instance-ended';
      readonly node: NodeId;
      readonly id: string;
      readonly how: 'completed' | 'cancelled';
      readonly variables: Values;
    }
  | {
      readonly kind: 'task-opened';
      readonly node: NodeId;
      readonly topic: string;
      readonly priority: number;
    }
  | { readonly kind: 'user-task-opened'; readonly node: NodeId; readonly task: UserTaskFields }
  /** The external or user task of the node is gone. */
  | { readonly kind: 'task-closed'; readonly node: NodeId }
  | { readonly kind: 'wait-opened'; readonly wait: Wait }
  | { readonly kind: 'wait-closed'; readonly id: number }
  /** `activity` is a multi-instance body's id with its suffix for the body. */
  | {
      readonly kind: 'activity-ended';
      readonly node: NodeId;
      /** The node around it. */
      readonly up: NodeId | null;
      readonly instance: string;
      readonly activity: string;
      readonly type: string;
      readonly since: number;
      readonly cancelled: boolean;
      readonly calledInstance: string | null;
    }
  /** A signal for everybody: what waits for it in this state has had it. */
  | {
      readonly kind: 'signal';
      readonly name: string;
      readonly variables: Values;
      /** `camunda:async` */
      readonly async?: true;
    };

export interface UserTaskFields {
  readonly name: string | null;
  readonly description: string | null;
  readonly assignee: string | null;
  readonly candidateUsers: readonly string[];
  readonly candidateGroups: readonly string[];
  /** Milliseconds since the epoch. */
  readonly due: number | null;
  readonly followUp: number | null;
  readonly priority: number;
  readonly formKey: string | null;
}
