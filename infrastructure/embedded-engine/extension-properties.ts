import { type Moddle, parseBpmnNow } from './parse-bpmn.ts';

/** `camunda:properties` of an activity by its id. */
export type ExtensionProperties = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** The extension properties of all activities of a file that was deployed. */
export function readExtensionProperties(xml: string): ExtensionProperties {
  const found = new Map<string, Record<string, string>>();
  const { root } = parseBpmnNow(xml);
  for (const process of list(root.rootElements)) visit(process, found);
  return found;
}

function visit(element: Moddle, found: Map<string, Record<string, string>>): void {
  const values = list((element.extensionElements as Moddle | undefined)?.values);
  const properties = values
    .filter(({ $type }) => /^camunda:properties$/i.test($type))
    .flatMap(({ values: entries }) => list(entries))
    .map(({ name, value }) => [String(name), String(value ?? '')] as const);
  if (element.id !== undefined && properties.length > 0) {
    found.set(element.id, Object.fromEntries(properties));
  }
  for (const inner of list(element.flowElements)) visit(inner, found);
}

function list(value: unknown): Moddle[] {
  return Array.isArray(value) ? (value as Moddle[]) : [];
}
