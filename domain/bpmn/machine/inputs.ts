import type { Value, Values } from '../values/value.ts';
import type { NodeId } from './state.ts';

/**
 * Who gets a signal by a job of its own, after this step. `caught`: intermediate events, and without variables, as
 * Camunda does for a signal that is thrown with `camunda:async`; `all`: everybody.
 */
export type SignalByJob = 'caught' | 'all';

/** What happens to an instance from outside. */
export type Input =
  /** An external or user task is done. */
  | {
      readonly kind: 'complete';
      readonly node: NodeId;
      readonly variables?: Values;
      readonly locals?: Values;
      readonly externalTask?: Readonly<Record<string, Value>>;
    }
  /** An attempt at an external task has failed: its own error definitions are asked. */
  | {
      readonly kind: 'failed';
      readonly node: NodeId;
      readonly variables?: Values;
      readonly locals?: Values;
      readonly externalTask?: Readonly<Record<string, Value>>;
    }
  /** A task throws a BPMN error. */
  | {
      readonly kind: 'error';
      readonly node: NodeId;
      readonly code: string;
      readonly message: string | null;
      readonly variables?: Values;
    }
  /** A user task throws an escalation. */
  | {
      readonly kind: 'escalation';
      readonly node: NodeId;
      readonly code: string;
      readonly variables?: Values;
    }
  /** A receive task, or another activity that waits, continues. */
  | {
      readonly kind: 'trigger';
      readonly node: NodeId;
      readonly variables?: Values;
      readonly locals?: Values;
    }
  /** What is waited for has come: a message, a timer, a job, or a signal to one execution. */
  | {
      readonly kind: 'wait';
      readonly id: number;
      readonly variables?: Values;
      readonly locals?: Values;
    }
  /** A signal to all that waits for it. */
  | {
      readonly kind: 'signal';
      readonly name: string;
      readonly variables?: Values;
      /** Only to these of those that wait; left out: to all. */
      readonly waits?: readonly number[];
      readonly byJob?: SignalByJob;
    }
  | {
      readonly kind: 'set-variables';
      readonly node: NodeId;
      readonly variables?: Values;
      readonly removed?: readonly string[];
      readonly local: boolean;
    }
  /** Ends the process instance of this node without its continuing; that of what called it goes with it. */
  | { readonly kind: 'cancel'; readonly node?: NodeId };
