import { createRequire } from 'node:module';
import * as elements from 'bpmn-elements';
import BpmnModdle from 'bpmn-moddle';
import Serializer, { TypeResolver } from 'moddle-context-serializer';
import { takeAllIds } from './take-all-ids.ts';

/*
 * The part of bpmn-elements and bpmn-moddle that the engine uses, with types: their own declare less,
 * or other, than they export.
 */

/** An element of the BPMN file as bpmn-moddle reads it. */
export interface Moddle {
  $type: string;
  id?: string;
  [property: string]: unknown;
}

/** What moddle says of a file: a reference to nothing, with the element and the property it stands in. */
export interface Warning {
  message: string;
  element?: Moddle;
  property?: string;
  value?: string;
}

/** A message of bpmn-elements' broker. */
export interface ElementMessage {
  content: {
    id: string;
    type: string;
    executionId: string;
    message?: { id?: string; name?: string; messageType?: string };
    error?: Error;
  };
}

export interface ServiceActivity {
  id: string;
  type: string;
  behaviour: {
    type?: string;
    topic?: string;
    Service?: new (activity: ServiceActivity, message: ElementMessage) => Service;
  };
  getApi(message: ElementMessage): { discard(): void };
}

interface Service {
  execute(
    message: ElementMessage,
    callback: (error?: Error | null, output?: unknown) => void,
  ): void;
  discard(): void;
  stop(): void;
}

interface Timers {
  register(owner: { id: string; executionId: string }): Timers;
  setTimeout(callback: (...args: unknown[]) => void, delay: number, ...args: unknown[]): unknown;
  clearTimeout(reference: unknown): void;
}

export interface EnvironmentOptions {
  timers: Timers;
  expressions: {
    resolveExpression(text: unknown): unknown;
    isExpression(text: string): boolean;
    hasExpression(text: string): boolean;
  };
  extensions: Record<string, (activity: ServiceActivity) => void>;
}

interface Definition {
  readonly isRunning: boolean;
  run(): void;
  resume(): void;
  recover(state: unknown): Definition;
  getState(): unknown;
  signal(message: { id: string }): void;
  broker: {
    subscribeTmp(
      exchangeName: 'event',
      pattern: string,
      listener: (routingKey: string, message: ElementMessage) => void,
      options: { noAck: true },
    ): void;
  };
}

/** A BPMN file, read once and used for all its instances. */
export type SerializedContext = object;

const library = elements as unknown as {
  Context(context: SerializedContext, environment: object): object;
  Environment: new (options: EnvironmentOptions) => object;
  Definition: new (context: object) => Definition;
};

type Evaluated = (error: Error | null, result?: unknown) => void;

/**
 * A sequence flow with token semantics, as BPMN 2.0 (section 13) and Camunda have them. bpmn-elements
 * sends a "discard" along the paths that are not taken, and a parallel join takes it for an arrival: a
 * join behind a merging gateway would open while a token is still on its way.
 */
class TokenFlow extends (
  elements as unknown as {
    SequenceFlow: new (
      ...args: unknown[]
    ) => { evaluate(message: unknown, callback: Evaluated): void };
  }
).SequenceFlow {
  discard(): void {}

  /** A condition is true or false: Camunda takes nothing else for it. */
  override evaluate(message: unknown, callback: Evaluated): void {
    super.evaluate(message, (error, result) => {
      if (error || typeof result === 'boolean') return callback(error, result);
      const what = result === null ? 'null' : 'non-Boolean';
      callback(new Error(`condition expression returns ${what}: result is ${String(result)}`));
    });
  }
}

interface ErrorMessage {
  content: { error?: { code?: string } };
}

/**
 * A boundary event for errors that catches those meant for it: their code is its id. Which event that
 * is, is found as in Camunda (see `findCatcher`); bpmn-elements would set off every event that fits.
 */
class NamedErrorDefinition extends (
  elements as unknown as {
    ErrorEventDefinition: new (
      ...args: unknown[]
    ) => {
      activity: { id: string };
      _onErrorMessage(key: string, message: ErrorMessage): void;
      _catchError(key: string, message: ErrorMessage, error: unknown): void;
    };
  }
).ErrorEventDefinition {
  override _onErrorMessage(key: string, message: ErrorMessage): void {
    const { error } = message.content;
    if (error?.code === this.activity.id) this._catchError(key, message, error);
  }
}

/** A timer that comes to nothing fails, as in Camunda; bpmn-elements would pass over it. */
class SetTimerDefinition extends (
  elements as unknown as {
    TimerEventDefinition: new (
      ...args: unknown[]
    ) => {
      activity: { id: string };
      _getTimers(message: unknown): Record<string, unknown>;
    };
  }
).TimerEventDefinition {
  override _getTimers(message: unknown): Record<string, unknown> {
    const timers = super._getTimers(message);
    const given = ['timeDuration', 'timeDate'].find((type) => type in timers) ?? '';
    if (![null, undefined, ''].includes(timers[given] as null)) return timers;
    throw new Error(`timer "${this.activity.id}" is not configured with a valid duration/time`);
  }
}

const CAMUNDA_EXTENSIONS = 'http://camunda.org/schema/1.0/bpmn';
/** What the engines read as if it were Camunda's: Operaton's own, and that of Activiti, where both come from. */
const OTHER_EXTENSIONS =
  /http:\/\/(?:operaton\.org\/schema\/1\.0\/bpmn|activiti\.org\/bpmn)(?=["'])/g;

const camunda = createRequire(import.meta.url)('camunda-bpmn-moddle/resources/camunda.json');
const moddle = new (
  BpmnModdle as unknown as new (
    extensions: object,
  ) => {
    fromXML(xml: string, options: object): Promise<{ rootElement: Moddle; warnings: Warning[] }>;
  }
)({ camunda });

/**
 * Reads a BPMN file. Rejects when it is no BPMN.
 *
 * @returns besides the file's elements, what makes the form that instances run from; it throws for an
 * element that bpmn-elements does not have
 */
export async function parseBpmn(
  xml: string,
): Promise<{ root: Moddle; warnings: Warning[]; serialize: () => SerializedContext }> {
  // It is text by now, whatever its declaration says of bytes.
  const text = xml.replace(/^\s*<\?xml[^>]*\?>/, '');
  const parsed = await moddle.fromXML(
    text.replaceAll(OTHER_EXTENSIONS, CAMUNDA_EXTENSIONS),
    takeAllIds,
  );
  const types = {
    ...elements,
    SequenceFlow: TokenFlow,
    ErrorEventDefinition: NamedErrorDefinition,
    TimerEventDefinition: SetTimerDefinition,
    // People do it without the engine: the instance continues at once, as in Camunda.
    ManualTask: elements.Task,
  };
  const serializer = Serializer as unknown as (model: object, types: object) => SerializedContext;
  return {
    root: parsed.rootElement,
    warnings: parsed.warnings,
    serialize: () => serializer(parsed, TypeResolver(types as never)),
  };
}

/** Makes an instance of a file's process, not running yet. */
export function createDefinition(
  context: SerializedContext,
  options: EnvironmentOptions,
): Definition {
  return new library.Definition(library.Context(context, new library.Environment(options)));
}
