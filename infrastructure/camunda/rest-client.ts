import { Agent, FormData, request } from 'undici';
import { z } from 'zod';
import { cutText, EngineUnavailableError } from '../../domain/common/index.ts';
import { traceHeaders } from '../observability/tracing.ts';
import type { CallEngine, Method } from './call-engine.ts';
import { callOrRefuse } from './call-or-refuse.ts';
import { EngineAnswerError, failureOf, parseJson } from './engine-answers.ts';
import type { EngineAuth } from './engine-auth.ts';

export interface RestClient {
  /** One call, made once. */
  call: CallEngine;
  /** A call that changes something: one that the engine can never do is refused. */
  change: CallEngine;
  /** Gets a text; null for an answer without a body. */
  text(path: string): Promise<string | null>;
  /** The same client for calls that are to end together within some milliseconds. */
  within(ms: number): RestClient;
  /** Waits for the calls that run. */
  close(): Promise<void>;
  /** Ends the calls that run, whose outcome is unknown then. */
  abort(reason: Error): Promise<void>;
}

interface Answer {
  status: number;
  text: string;
}

/** Codes of connections that failed before anything was sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** A question that makes the engine ask its database, whatever is deployed. */
const PROBE = '/process-definition?key=fastify-camunda-probe&latestVersion=true';

/** Calls the REST API of an engine. */
export function createRestClient(options: {
  baseUrl: string;
  auth: EngineAuth;
  /** Milliseconds for one attempt at a call, from the token it may need to the end of its answer. */
  timeoutMs: number;
}): RestClient {
  const { auth, timeoutMs } = options;
  const base = options.baseUrl.replace(/\/+$/, '');
  const agent = new Agent({
    connections: 64,
    pipelining: 1,
    // Within the time of a call: one that never connected has surely done nothing.
    connect: { timeout: timeoutMs / 2 },
    // The signal of a call limits its time; a poll may be longer than undici allows.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  async function send(
    method: Method,
    path: string,
    body: unknown,
    whole: AbortSignal | undefined,
  ): Promise<Answer> {
    const own = AbortSignal.timeout(timeoutMs);
    const signal = whole ? AbortSignal.any([own, whole]) : own;
    const sent = { isSent: false };
    try {
      signal.throwIfAborted();
      return await untilAborted(signal, sendAuthorized(method, path, body, signal, sent));
    } catch (cause) {
      if (cause instanceof EngineUnavailableError) throw cause;
      const isLate = signal.aborted;
      const isHarmless = (error: unknown) =>
        method === 'GET' || !sent.isSent || isNotConnected(error);
      throw new EngineUnavailableError(
        `the engine at ${base} ${isLate ? 'did not answer in time' : 'cannot be reached'}`,
        { cause, outcome: isHarmless(cause) ? 'nothing-done' : 'unknown' },
      );
    }
  }

  async function sendAuthorized(
    method: Method,
    path: string,
    body: unknown,
    signal: AbortSignal,
    sent: { isSent: boolean },
  ): Promise<Answer> {
    const authorization = await auth.header();
    signal.throwIfAborted();
    sent.isSent = true;
    const answer = await sendOnce(authorization, method, path, body, signal);
    if (answer.status !== 401) return answer;
    sent.isSent = false;
    const renewed = await auth.renewed(authorization);
    if (renewed === undefined) return answer;
    signal.throwIfAborted();
    sent.isSent = true;
    return sendOnce(renewed, method, path, body, signal);
  }

  async function sendOnce(
    authorization: string | undefined,
    method: Method,
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<Answer> {
    const isForm = body instanceof FormData;
    const answer = await request(`${base}${path}`, {
      method,
      dispatcher: agent,
      signal,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...traceHeaders(),
        accept: 'application/json, text/plain;q=0.9',
        ...(body !== undefined && !isForm ? { 'content-type': 'application/json' } : {}),
      },
      body: body === undefined ? null : isForm ? body : JSON.stringify(body),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  }

  const callWithin =
    (whole: AbortSignal | undefined): CallEngine =>
    async (schema, method, path, body) => {
      const { status, text } = await send(method, path, body, whole);
      if (status < 200 || status >= 300) throw failureOf(status, text);
      const found = schema.safeParse(text === '' ? null : parseJson(text));
      if (found.success) return found.data;
      // A proxy's page, for example. Whether the engine has heard is open.
      throw new EngineAnswerError(
        status,
        `the engine at ${base} answered ${status} with something else than it should: ${cutText(text, 200)}`,
        { cause: found.error, outcome: 'unknown' },
      );
    };

  function clientWithin(whole?: AbortSignal): RestClient {
    const call = callWithin(whole);
    const probe = () => call(z.array(z.unknown()), 'GET', PROBE);
    return {
      call,
      change: (...given) => callOrRefuse(() => call(...given), { probe }),
      async text(path) {
        const { status, text } = await send('GET', path, undefined, whole);
        if (status < 200 || status >= 300) throw failureOf(status, text);
        return text === '' ? null : text;
      },
      within: (ms) => clientWithin(AbortSignal.timeout(ms)),
      close: () => agent.close(),
      abort: (reason) => agent.destroy(reason),
    };
  }
  return clientWithin();
}

/** What is waited for may not listen to the signal: a token that is fetched for other calls, too. */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function isNotConnected(error: unknown): boolean {
  const { code, cause, errors } = (error ?? {}) as {
    code?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  if (typeof code === 'string' && NOT_CONNECTED.has(code)) return true;
  if (cause !== undefined && isNotConnected(cause)) return true;
  return Array.isArray(errors) && errors.length > 0 && errors.every(isNotConnected);
}
