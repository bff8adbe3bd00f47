/** An element of a BPMN file as bpmn-moddle reads it. */
export interface Moddle {
  readonly $type: string;
  readonly $attrs?: Readonly<Record<string, unknown>>;
  readonly id?: string;
  readonly [property: string]: unknown;
}

/** What a file refers to and does not have: element → property → the id that it names. */
export type Unresolved = ReadonlyMap<Moddle, Readonly<Record<string, string>>>;

/** A model cannot be run; the message names the element, what it has and what to do instead. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

export function list(value: unknown): readonly Moddle[] {
  return Array.isArray(value) ? (value as Moddle[]) : [];
}

export function one(value: unknown): Moddle | null {
  return value && typeof value === 'object' ? (value as Moddle) : null;
}

/** An attribute, of BPMN or of Camunda's namespace, as text; null when it is not there. */
export function text(element: Moddle, name: string): string | null {
  const found = element[name] ?? element.$attrs?.[`camunda:${name}`];
  if (found === undefined || found === null) return null;
  return typeof found === 'object' ? null : String(found);
}

export function flag(element: Moddle | null, name: string): boolean {
  return element !== null && text(element, name) === 'true';
}

/** The text of a child element such as a condition or a duration; null when it is not there. */
export function bodyOf(element: Moddle, name: string): string | null {
  const child = one(element[name]);
  return child === null ? null : String(child.body ?? '').trim();
}

export function kindOf({ $type }: Moddle): string {
  return $type.replace(/^bpmn:/, '');
}

/** The element in words: `ServiceTask "charge"`. */
export function nameOf(element: Moddle): string {
  return `${kindOf(element)} "${element.id ?? ''}"`;
}

/** Extension elements by their name without a prefix, in any case: moddle has spelled them both ways. */
export function extensions(element: Moddle, name: string): readonly Moddle[] {
  const wanted = `camunda:${name}`.toLowerCase();
  return list(one(element.extensionElements)?.values).filter(
    ({ $type }) => $type.toLowerCase() === wanted,
  );
}

export function refuse(element: Moddle, what: string): ModelError {
  return new ModelError(`${nameOf(element)} ${what}`);
}
