import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import { expect } from 'vitest';

interface Content {
  schema?: object;
  example?: unknown;
  examples?: unknown;
}
interface DocumentedAnswer {
  description: string;
  headers?: Record<string, { required?: boolean; schema: object }>;
  content?: Record<string, Content>;
}
export interface Parameter {
  in: string;
  name: string;
  required?: boolean;
  schema: Record<string, unknown>;
  style?: string;
}
export interface Operation {
  operationId?: string;
  summary?: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Content> };
  responses: Record<string, DocumentedAnswer>;
  security?: Record<string, string[]>[];
}
export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

export interface GivenAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed, when it is JSON. */
  body: unknown;
}

/** Every operation of a document, with its path and its method in lower case. */
export function operationsOf({ paths }: OpenApiDocument) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** Headers that callers use: an answer may have one only if the document has it. */
const CALLER_HEADERS = [
  'location',
  'retry-after',
  'etag',
  'link',
  'allow',
  'preference-applied',
  'www-authenticate',
  'content-disposition',
];

/** Creates validators for the schemas of a document in the dialect of OpenAPI 3.1, JSON Schema 2020-12, with formats. */
export function createSchemaCheck(document: OpenApiDocument): (schema: object) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  // The types of ajv-formats do not describe how Node imports the CommonJS module.
  const addFormats = addFormatsModule as unknown as typeof addFormatsModule.default;
  addFormats(ajv);
  ajv.addSchema({ $id: 'document', components: document.components });
  const known = new Map<object, ValidateFunction>();
  return (schema) => {
    const found = known.get(schema);
    if (found) return found;
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/');
    const validate = ajv.compile(JSON.parse(text));
    known.set(schema, validate);
    return validate;
  };
}

/**
 * Checks answers against the document: the status is documented, and content type, body and headers match. A path
 * without an operation is answered with 404 or 405.
 */
export function createAnswerCheck(
  document: OpenApiDocument,
): (method: string, pathname: string, answer: GivenAnswer) => void {
  // The document allows more fields, for later releases; this release must not send any.
  const described = closed(document) as OpenApiDocument;
  const validatorOf = createSchemaCheck(described);
  const routes = Object.entries(described.paths).map(([template, operations]) => ({
    pattern: new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]*')}$`),
    exact: !template.includes('{'),
    operations,
  }));
  routes.sort((a, b) => Number(b.exact) - Number(a.exact));

  return (method, pathname, answer) => {
    const what = `${method} ${pathname} → ${answer.status} ${answer.text}`;
    const operation = routes.find(({ pattern }) => pattern.test(pathname))?.operations[
      method.toLowerCase()
    ];
    const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
    if (!operation) {
      expect([404, 405], `documented: ${what}`).toContain(answer.status);
      expect(type, what).toBe('application/problem+json');
      return;
    }
    const documented = operation.responses[answer.status];
    if (!documented) throw new Error(`not documented: ${what}`);
    checkHeaders(documented, answer.headers, what);
    if (answer.text === '' && !documented.content) {
      expect([204, 304], what).toContain(answer.status);
      return;
    }
    const schema = documented.content?.[type]?.schema;
    if (!schema) throw new Error(`no ${type} documented: ${what}`);
    const validate = validatorOf(schema);
    validate(type.includes('json') && !type.includes('ndjson') ? answer.body : answer.text);
    expect(validate.errors ?? [], what).toEqual([]);
  };

  function checkHeaders({ headers = {} }: DocumentedAnswer, given: Headers, what: string): void {
    for (const [name, { required, schema }] of Object.entries(headers)) {
      const value = given.get(name);
      if (required) expect(value, `${name} of ${what}`).not.toBeNull();
      if (value !== null) expect(validatorOf(schema)(value), `${name} of ${what}`).toBe(true);
    }
    const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
    for (const name of CALLER_HEADERS) {
      if (given.has(name)) expect(names, `documented: ${name} of ${what}`).toContain(name);
    }
  }
}

/** The same schemas with `additionalProperties: false`. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, below]) => [key, closed(below)]),
  );
  const isObject = [copy.type].flat().includes('object') && copy.properties !== undefined;
  return isObject ? { additionalProperties: false, ...copy } : copy;
}
