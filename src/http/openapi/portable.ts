import type { OpenAPIV3_1 } from 'openapi-types';
import { SEARCH_FIELD } from '../queries/search.ts';

/** Header parameters that OpenAPI 3.1 ignores (4.8.12.1): other parts of the document describe them. */
const IGNORED_HEADERS = new Set(['accept', 'content-type', 'authorization']);

/**
 * Writes an operation in the form that client generators understand: list parameters declare how they are sent, and
 * a body that may be null is optional.
 */
export function makePortable(operation: OpenAPIV3_1.OperationObject): void {
  operation.parameters = operation.parameters?.filter((one) => '$ref' in one || !isHidden(one));
  for (const parameter of operation.parameters ?? []) {
    if ('$ref' in parameter || parameter.in !== 'query') continue;
    const { schema } = parameter;
    if (schema && 'type' in schema && schema.type === 'array') {
      Object.assign(parameter, { style: 'form', explode: true });
    }
  }
  const { requestBody } = operation;
  if (requestBody && !('$ref' in requestBody)) makeOptional(requestBody);
}

/** Also the field of a parsed query that collects parameters, each of which is shown itself. */
function isHidden({ in: where, name }: OpenAPIV3_1.ParameterObject): boolean {
  if (where === 'query') return name === SEARCH_FIELD;
  return where === 'header' && IGNORED_HEADERS.has(name);
}

/** Makes a body that may be null optional. */
function makeOptional(requestBody: OpenAPIV3_1.RequestBodyObject): void {
  for (const media of Object.values(requestBody.content)) {
    if (!media.schema || !('anyOf' in media.schema)) continue;
    const { anyOf = [] } = media.schema;
    const [only, ...others] = anyOf.filter((one) => !('type' in one && one.type === 'null'));
    if (!only || others.length > 0 || anyOf.length === 1) continue;
    media.schema = only;
    requestBody.required = false;
  }
}

/**
 * Writes every schema below `value` in the form that client generators understand. A format replaces its pattern,
 * because clients use types for it to which no pattern applies. `\d` matches other digits in some languages. The
 * bounds of safe integers are left out. Null becomes one more type instead of one more schema.
 */
export function makeSchemasPortable(value: unknown): void {
  if (Array.isArray(value)) {
    for (const one of value) makeSchemasPortable(one);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const schema = value as Record<string, unknown>;
  mergeNull(schema);
  if (typeof schema.pattern === 'string') {
    if (typeof schema.format === 'string') delete schema.pattern;
    else schema.pattern = schema.pattern.replaceAll('\\d', '[0-9]');
  }
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  for (const [key, below] of Object.entries(schema)) {
    if (key !== 'example' && key !== 'examples') makeSchemasPortable(below);
  }
}

function mergeNull(schema: Record<string, unknown>): void {
  const { anyOf } = schema as { anyOf?: Record<string, unknown>[] };
  if (anyOf?.length !== 2 || anyOf[1]?.type !== 'null') return;
  const [only] = anyOf as [Record<string, unknown>];
  // The Python generator recognizes null beside an object with fields only as a schema, and beside a map only as a type.
  const hasFields = Object.keys(only.properties ?? {}).length > 0;
  if (typeof only.type !== 'string' || hasFields) return;
  delete schema.anyOf;
  Object.assign(schema, { ...only, ...schema, type: [only.type, 'null'] });
  if (Array.isArray(only.enum)) schema.enum = [...only.enum, null];
}

/**
 * Allows more fields in answers: a later release may add some, and generated clients should accept them. (In closed
 * objects the Python generator also loses which fields may be null.)
 */
export function openAnswers(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const schema = value as Record<string, unknown>;
  if (schema.additionalProperties === false) delete schema.additionalProperties;
  for (const [key, below] of Object.entries(schema)) {
    if (key !== 'example' && key !== 'examples') openAnswers(below);
  }
}
