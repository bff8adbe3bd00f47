/** A JSON schema, as far as a form can show it. */
export interface JsonSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: unknown;
}

export type FieldKind =
  | 'flag'
  | 'choice'
  | 'number'
  | 'date'
  | 'time'
  | 'text'
  | 'long-text'
  | 'json';

/** A field of a form. */
export interface FormField {
  name: string;
  kind: FieldKind;
  isRequired: boolean;
  schema: JsonSchema;
}

/** From here on a text gets several lines. */
const LONG_TEXT = 255;

/** The fields of a form for an object; null when the schema does not list any. */
export function fieldsOf(schema: JsonSchema | null): FormField[] | null {
  const properties = Object.entries(schema?.properties ?? {});
  if (properties.length === 0) return null;
  const required = new Set(schema?.required ?? []);
  return properties.map(([name, property]) => ({
    name,
    kind: kindOf(property),
    isRequired: required.has(name) && property.default === undefined,
    schema: property,
  }));
}

function kindOf({ type, format, enum: values, maxLength }: JsonSchema): FieldKind {
  if (values?.every((value) => typeof value === 'string')) return 'choice';
  switch (type) {
    case 'boolean':
      return 'flag';
    case 'number':
    case 'integer':
      return 'number';
    case 'string':
      if (format === 'date') return 'date';
      if (format === 'date-time') return 'time';
      return maxLength !== undefined && maxLength > LONG_TEXT ? 'long-text' : 'text';
    default:
      return 'json';
  }
}

/** What a field that a person has filled sends; undefined: nothing, so that its default holds. */
export type FieldValue = { value: unknown } | { wrong: string } | undefined;

/** Reads what was typed into a field. */
export function readField({ kind, isRequired }: FormField, typed: string): FieldValue {
  if (typed === '') return isRequired ? { wrong: 'must be filled' } : undefined;
  switch (kind) {
    case 'flag':
      return { value: typed === 'true' };
    case 'number': {
      const value = Number(typed);
      return Number.isFinite(value) ? { value } : { wrong: 'must be a number' };
    }
    case 'time':
      return { value: new Date(typed).toISOString() };
    case 'json':
      try {
        return { value: JSON.parse(typed) };
      } catch {
        return { wrong: 'must be JSON, such as "text", 12, [1, 2] or {"name": "value"}' };
      }
    case 'choice':
    case 'date':
    case 'text':
    case 'long-text':
      return { value: typed };
    default:
      return kind satisfies never;
  }
}
