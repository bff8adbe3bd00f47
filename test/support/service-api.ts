import { expect } from 'vitest';
import { createAnswerCheck, type OpenApiDocument } from './documented-answers.ts';

type AnswerCheck = ReturnType<typeof createAnswerCheck>;
/** By the text of the document. */
const answerChecks = new Map<string, AnswerCheck>();
/** By their keys. */
const documents = new Map<string, string>();

export interface EventBody {
  id: string;
  correlationId: string;
  version: number;
  type: string;
  processKey: string;
  step?: { name: string; number: number };
  data: Record<string, unknown>;
  audit: Record<string, unknown>;
  actor?: string;
  identity: Record<string, unknown>;
  createdAt: string;
  /** Only in the feed. */
  position?: string;
}

/** The fields of all answers. The OpenAPI document decides which of them an answer must have. */
export interface Body {
  type: string;
  title: string;
  status: string | number;
  detail: string;
  code: string;
  step: string | null;
  correlationId: string;
  statusUrl: string;
  result: Record<string, unknown>;
  error: { kind: string; code: string; message: string; step: string | null };
  errors: { path: string; message: string }[];
  version: number;
  processKey: string;
  currentStep: string | null;
  processInstanceId: string | null;
  updatedAt: string;
  processes: Body[];
  events: EventBody[];
  nextCursor: string | null;
  atEnd: boolean;
  checks: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed when it is JSON, else empty. */
  body: Body;
}

export interface CallOptions {
  /** Sent as JSON. */
  json?: unknown;
  /** Sent unchanged. */
  body?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Api {
  url: string;
  get(path: string, options?: CallOptions): Promise<Answer>;
  post(path: string, options?: CallOptions): Promise<Answer>;
  /** Starts a process; `more` adds fields to the body. */
  start(
    processKey: string,
    variables: object,
    more?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  status(correlationId: string, headers?: Record<string, string>): Promise<Answer>;
  document: OpenApiDocument;
}

/**
 * A client of the service that checks every answer against the service's own OpenAPI document: the status must be
 * documented, and the content type and the body must match.
 *
 * @param always headers of every call, unless the call sets its own
 * @param documentKey services with the same have the same document, which is read from one of them
 */
export async function createApi(
  url: string,
  always: Record<string, string> = {},
  documentKey?: string,
): Promise<Api> {
  const known = documentKey === undefined ? undefined : documents.get(documentKey);
  const read = known ?? (await readDocument(url, always));
  if (documentKey !== undefined && read !== null) documents.set(documentKey, read);
  const text = read ?? NO_DOCUMENT;
  const document = JSON.parse(text) as OpenApiDocument;
  const checkAnswer = answerCheckOf(document, text);

  function check(method: string, path: string, answer: Answer): void {
    const { pathname } = new URL(path, url);
    checkAnswer(method, pathname, answer);
    const type = answer.headers.get('content-type')?.split(';')[0];
    if (type === 'application/problem+json') expectProblem(answer);
  }

  async function call(method: string, path: string, options: CallOptions): Promise<Answer> {
    const { json, body, headers, signal } = options;
    const answer = await fetch(url + path, {
      method,
      headers: {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...always,
        ...headers,
      },
      ...(json !== undefined ? { body: JSON.stringify(json) } : body !== undefined ? { body } : {}),
      ...(signal ? { signal } : {}),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    const { status, headers: given } = answer;
    const read = {
      status,
      headers: given,
      text,
      body: (isJson && text !== '' ? JSON.parse(text) : {}) as Body,
    };
    check(method, path, read);
    return read;
  }

  return {
    url,
    document,
    get: (path, options = {}) => call('GET', path, options),
    post: (path, options = {}) => call('POST', path, options),
    start: (processKey, variables, more = {}, headers = {}) =>
      call('POST', '/api/process/start', { json: { processKey, variables, ...more }, headers }),
    status: (correlationId, headers = {}) =>
      call('GET', `/api/process/status/${encodeURIComponent(correlationId)}`, { headers }),
  };
}

const NO_DOCUMENT = '{"openapi":"3.1.0","paths":{},"components":{"schemas":{}}}';

/** Null: an instance without the role `api` has none, and one with access control gives it to nobody unknown. */
async function readDocument(url: string, headers: Record<string, string>): Promise<string | null> {
  const described = await fetch(`${url}/documentation/json`, { headers });
  return described.ok ? (await described.text()).replaceAll(url, '') : null;
}

/** Most services of a test worker have the same document, and to compile its schemas takes long. */
function answerCheckOf(document: OpenApiDocument, text: string): AnswerCheck {
  const check = answerChecks.get(text) ?? createAnswerCheck(document);
  answerChecks.set(text, check);
  return check;
}

/** Expects problem details as documented: a stable type, and a sentence that says what to do. */
export function expectProblem(answer: Answer, type?: string, detail?: RegExp): void {
  const { body } = answer;
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body.status).toBe(answer.status);
  expect(body.type).toMatch(/^urn:fastify-camunda:problem:[a-z-]+$/);
  expect(body.detail.length).toBeGreaterThan(10);
  if (type) expect(body.type).toBe(`urn:fastify-camunda:problem:${type}`);
  if (detail) expect(body.detail).toMatch(detail);
}
