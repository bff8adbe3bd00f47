import {
  createDefinition,
  type ElementMessage,
  type EnvironmentOptions,
  type ServiceActivity,
} from './bpmn-library.ts';
import { evaluate, UnknownNameError } from './expressions.ts';
import { findCatcher, isInside, type ProcessModel } from './process-model.ts';
import { plainValue, type TypedValue } from './typed-value.ts';

/** An external task that the instance waits for. */
interface OpenTask {
  activityId: string;
  topic: string;
}

export interface Subscription {
  messageId: string;
  messageName: string;
}

/** A running instance: bpmn-elements moves the tokens, this keeps what they wait for. */
export interface LiveInstance {
  readonly variables: Map<string, TypedValue>;
  /** By execution id. */
  readonly openTasks: ReadonlyMap<string, OpenTask>;
  readonly subscriptions: readonly Subscription[];
  /** The activities that wait for something: tasks, timers, messages. */
  waitingAt(): string[];
  /** When its next timer is due, in milliseconds; null without one. */
  nextDue(): number | null;
  ended(): boolean;
  start(): void;
  completeTask(executionId: string): void;
  /** Takes the error to the boundary event for it; without one the token ends, as in Camunda. */
  throwError(executionId: string, code: string, message: string | null): void;
  fireTimers(now: number): void;
  receive(messageId: string): void;
  /** All that `state` below takes. */
  snapshot(): string;
}

type Done = (error?: Error | null) => void;

interface WaitingTask extends OpenTask {
  done: Done;
  /** Ends the token here. */
  end(): void;
}

/**
 * Brings an instance to life: a new one, or one from a snapshot, which then stands where it stood, with
 * the same execution ids. When anything in here throws, the instance is in an unknown state: drop it,
 * and create it again from its last snapshot.
 */
export function createLiveInstance(options: {
  model: ProcessModel;
  variables: Map<string, TypedValue>;
  state?: string;
  now: () => number;
}): LiveInstance {
  const { model, variables, now } = options;
  const openTasks = new Map<string, WaitingTask>();
  const timers = new Map<string, { activityId: string; dueAt: number; fire: () => void }>();
  const waiting = new Map<string, Subscription & { activityId: string }>();

  const environment: EnvironmentOptions = {
    timers: {
      register: (owner) => ({
        ...environment.timers,
        setTimeout(callback, delay, ...args) {
          const { id: activityId, executionId } = owner;
          const fire = (): void => callback(...args);
          timers.set(executionId, { activityId, dueAt: now() + delay, fire });
          return executionId;
        },
      }),
      setTimeout() {
        throw new Error('a timer has no owner');
      },
      clearTimeout(reference) {
        timers.delete(String(reference));
      },
    },
    expressions: {
      resolveExpression: resolve,
      isExpression: (text) => /^[$#]\{.*\}$/.test(text),
      hasExpression: (text) => /[$#]\{.*\}/.test(text),
    },
    extensions: { externalTasks },
  };
  const definition = createDefinition(model.context, environment);
  definition.broker.subscribeTmp('event', 'activity.wait', onWait, { noAck: true });
  definition.broker.subscribeTmp('event', 'activity.catch', onLeave, { noAck: true });
  definition.broker.subscribeTmp('event', 'activity.leave', onLeave, { noAck: true });
  if (options.state) {
    definition.recover(JSON.parse(options.state));
    definition.resume();
  }

  function onWait(_key: string, { content }: ElementMessage): void {
    const { id: activityId, executionId, message } = content;
    if (!message?.id || message.messageType !== 'message') return;
    const subscription = { messageId: message.id, messageName: message.name ?? '' };
    waiting.set(executionId, { ...subscription, activityId });
  }

  function onLeave(_key: string, { content }: ElementMessage): void {
    waiting.delete(content.executionId);
    if (content.type === 'bpmn:SubProcess') leaveSubProcess(content.id);
  }

  /**
   * Nothing inside a sub-process outlives it. One that was recovered and is interrupted by a boundary
   * event is only stopped by bpmn-elements 17, and what waits in it is never told.
   */
  function leaveSubProcess(id: string): void {
    for (const things of [openTasks, timers, waiting]) {
      for (const [executionId, { activityId }] of things) {
        if (isInside(model, activityId, id)) things.delete(executionId);
      }
    }
  }

  /** Makes an external task of a service task: it waits until somebody calls `done`. */
  function externalTasks(activity: ServiceActivity): void {
    if (activity.behaviour.type !== 'external') return;
    activity.behaviour.Service = class {
      #executionId = '';
      execute(message: ElementMessage, done: Done): void {
        this.#executionId = message.content.executionId;
        const topic = String(resolve(activity.behaviour.topic));
        const end = (): void => activity.getApi(message).discard();
        openTasks.set(this.#executionId, { activityId: activity.id, topic, done, end });
      }
      discard(): void {
        openTasks.delete(this.#executionId);
      }
      stop(): void {
        openTasks.delete(this.#executionId);
      }
    };
  }

  function resolve(text: unknown): unknown {
    if (typeof text !== 'string') return text;
    const resolved = evaluate(text, lookUp);
    return resolved instanceof Date ? resolved.toISOString() : resolved;
  }

  function lookUp(name: string): unknown {
    const variable = variables.get(name);
    if (!variable) throw new UnknownNameError(name);
    return plainValue(variable);
  }

  function take(executionId: string): WaitingTask {
    const task = openTasks.get(executionId);
    if (!task) throw new Error(`no task waits at execution ${executionId}`);
    openTasks.delete(executionId);
    return task;
  }

  return {
    variables,
    openTasks,
    get subscriptions() {
      return [...waiting.values()].map(({ messageId, messageName }) => ({
        messageId,
        messageName,
      }));
    },
    waitingAt: () =>
      [openTasks, timers, waiting].flatMap((things) =>
        [...things.values()].map(({ activityId }) => activityId),
      ),
    nextDue() {
      let next: number | null = null;
      for (const { dueAt } of timers.values()) next = Math.min(next ?? dueAt, dueAt);
      return next;
    },
    ended: () => !definition.isRunning,
    start: () => definition.run(),
    completeTask: (executionId) => take(executionId).done(null),
    throwError(executionId, code, message) {
      const { activityId, done, end } = take(executionId);
      const catcher = findCatcher(model, activityId, code);
      if (!catcher) {
        end();
        return;
      }
      const { errorCodeVariable, errorMessageVariable } = catcher;
      if (errorCodeVariable) variables.set(errorCodeVariable, textVariable(code));
      if (errorMessageVariable) variables.set(errorMessageVariable, textVariable(message));
      done(Object.assign(new Error(message ?? code), { code: catcher.eventId }));
    },
    fireTimers(at) {
      const due = [...timers].filter(([, timer]) => timer.dueAt <= at);
      for (const [id, { fire }] of due) {
        // The one before may have ended the scope of this one.
        if (timers.delete(id)) fire();
      }
    },
    receive: (messageId) => definition.signal({ id: messageId }),
    snapshot: () => JSON.stringify(definition.getState()),
  };
}

function textVariable(value: string | null): TypedValue {
  return { type: value === null ? 'Null' : 'String', value };
}
