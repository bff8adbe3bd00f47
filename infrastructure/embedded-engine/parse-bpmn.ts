import { createRequire } from 'node:module';
import BpmnModdle from 'bpmn-moddle';
import { takeAllIds } from './take-all-ids.ts';

/** An element of the BPMN file as bpmn-moddle reads it. */
export interface Moddle {
  $type: string;
  id?: string;
  [property: string]: unknown;
}

/** A reference to nothing, with the element and the property that it stands in; or something else that moddle says. */
export interface Warning {
  message: string;
  element?: Moddle;
  property?: string;
  value?: string;
}

interface Parsed {
  root: Moddle;
  warnings: Warning[];
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

/** Reads a BPMN file. Rejects when it is no BPMN. */
export async function parseBpmn(xml: string): Promise<Parsed> {
  const { rootElement: root, warnings } = await moddle.fromXML(plainText(xml), takeAllIds);
  return { root, warnings };
}

interface RootHandler {
  element?: Moddle;
  context?: { warnings?: Warning[] };
}

/**
 * Reads a file that `parseBpmn` has taken before, at once: moddle has read it by the time that it returns its promise.
 *
 * @throws Error when it cannot be read any more
 */
export function parseBpmnNow(xml: string): Parsed {
  let handler: RootHandler | undefined;
  const options = {
    handler(typeName: string) {
      handler = takeAllIds.handler.call(this as never, typeName) as RootHandler;
      return handler;
    },
  };
  moddle.fromXML(plainText(xml), options).catch(() => {});
  const { element, context } = handler ?? {};
  if (!element) throw new Error('the BPMN file cannot be read any more');
  return { root: element, warnings: context?.warnings ?? [] };
}

/** It is text by now, whatever its declaration says of bytes. */
function plainText(xml: string): string {
  const text = xml.replace(/^\s*<\?xml[^>]*\?>/, '');
  return text.replaceAll(OTHER_EXTENSIONS, CAMUNDA_EXTENSIONS);
}
