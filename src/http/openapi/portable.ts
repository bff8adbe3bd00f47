import type { OpenAPIV3_1 } from 'openapi-types';

/** Parameters that OpenAPI 3.1 wants ignored (4.8.12.1): other parts of the document say them. */
const IGNORED_HEADERS = new Set(['accept', 'content-type', 'authorization']);

/**
 * Puts an operation as generators of clients take it: list parameters say how they are sent, and a body that
 * may be null may be left out.
 */
export function makePortable(operation: OpenAPIV3_1.OperationObject): void {
  operation.parameters = operation.parameters?.filter(
    (one) => '$ref' in one || !(one.in === 'header' && IGNORED_HEADERS.has(one.name)),
  );
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

/** A body that may be null is one that may be left out. */
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
 * Puts every schema below `value` as generators take it. A format says the same as its pattern, and clients give
 * such values types to which no pattern can be applied; `\d` is other digits, too, in some languages; the
 * bounds of safe integers say nothing; null is one more type, not one more schema.
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
  // The Python generator sees the null of objects only as a schema.
  if (typeof only.type !== 'string' || only.type === 'object') return;
  delete schema.anyOf;
  Object.assign(schema, { ...only, ...schema, type: [only.type, 'null'] });
  if (Array.isArray(only.enum)) schema.enum = [...only.enum, null];
}

/**
 * Leaves what is sent open: a later release may add fields to an answer, and what a caller made of this document
 * should take them. (The Python generator besides forgets in closed objects which fields may be null.)
 */
export function openAnswers(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const schema = value as Record<string, unknown>;
  if (schema.additionalProperties === false) delete schema.additionalProperties;
  for (const [key, below] of Object.entries(schema)) {
    if (key !== 'example' && key !== 'examples') openAnswers(below);
  }
}
