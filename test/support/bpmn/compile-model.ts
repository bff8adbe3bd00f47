import { createRequire } from 'node:module';
import BpmnModdle from 'bpmn-moddle';
import { compile, type Moddle, type Program } from '../../../domain/bpmn/index.ts';
import { bpmnFile } from './model.ts';

interface Warning {
  readonly element: Moddle;
  readonly property?: string;
  readonly value: string;
}
const moddle = new (
  BpmnModdle as unknown as new (
    extensions: object,
  ) => { fromXML(xml: string): Promise<{ rootElement: Moddle; warnings: Warning[] }> }
)({
  camunda: createRequire(import.meta.url)('camunda-bpmn-moddle/resources/camunda.json'),
});

/** Compiles the processes of a file. */
export async function programsOf(xml: string): Promise<Program[]> {
  const { rootElement, warnings } = await moddle.fromXML(xml);
  const unresolved = new Map<Moddle, Record<string, string>>();
  for (const { element, property, value } of warnings) {
    if (!property) continue;
    const known = unresolved.get(element) ?? {};
    unresolved.set(element, { ...known, [property.replace(/^\w+:/, '')]: value });
  }
  return compile(rootElement, unresolved);
}

/** Why a process with these elements is refused at its deployment; null when it is taken. */
export async function refusalOf(...elements: string[]): Promise<string | null> {
  return programsOf(bpmnFile({ process: elements })).then(
    () => null,
    (error: Error) => `${error.name}: ${error.message}`,
  );
}
