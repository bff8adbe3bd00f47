import { createRequire } from 'node:module';
import * as elements from 'bpmn-elements';
import BpmnModdle from 'bpmn-moddle';
import Serializer, { TypeResolver } from 'moddle-context-serializer';

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
}

export interface Service {
  execute(
    message: ElementMessage,
    callback: (error?: Error | null, output?: unknown) => void,
  ): void;
  discard(): void;
  stop(): void;
}

export interface Timers {
  register(owner: { executionId: string }): Timers;
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

export interface Definition {
  readonly isRunning: boolean;
  run(): void;
  resume(): void;
  recover(state: unknown): Definition;
  getState(): unknown;
  signal(message: { id: string }): void;
  getPostponed(): { id: string; content: { executionId: string }; discard(): void }[];
  broker: {
    subscribeTmp(
      exchange: 'event',
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

/**
 * A sequence flow with token semantics, as BPMN 2.0 (section 13) and Camunda have them. bpmn-elements
 * sends a "discard" along the paths that are not taken, and a parallel join takes it for an arrival: a
 * join behind a merging gateway would open while a token is still on its way.
 */
class TokenFlow extends (
  elements as unknown as { SequenceFlow: new (...args: unknown[]) => object }
).SequenceFlow {
  discard(): void {}
}

const camunda = createRequire(import.meta.url)('camunda-bpmn-moddle/resources/camunda.json');
const moddle = new (
  BpmnModdle as unknown as new (
    extensions: object,
  ) => {
    fromXML(xml: string): Promise<{ rootElement: Moddle; warnings: { message: string }[] }>;
  }
)({ camunda });

/** Reads a BPMN file. Rejects when it is no BPMN. */
export async function parseBpmn(
  xml: string,
): Promise<{ root: Moddle; warnings: string[]; context: SerializedContext }> {
  const parsed = await moddle.fromXML(xml);
  const context = (Serializer as unknown as (model: object, types: object) => SerializedContext)(
    parsed,
    TypeResolver({ ...elements, SequenceFlow: TokenFlow } as never),
  );
  return { root: parsed.rootElement, warnings: parsed.warnings.map((w) => w.message), context };
}

/** Makes an instance of a file's process, not running yet. */
export function createDefinition(
  context: SerializedContext,
  options: EnvironmentOptions,
): Definition {
  return new library.Definition(library.Context(context, new library.Environment(options)));
}
