import { errorOf, UnavailableError } from './errors.ts';
import type { Problem } from './types.ts';

export interface ClientOptions {
  /** Where the service is: `https://processes.example.com`. */
  baseUrl: string;
  /** An API key or a token, or what gives one for each call. */
  token?: string | (() => string | Promise<string>) | undefined;
  /** How often a call is sent again that nobody answered, or that got 429 or 503. Default 8; the last delays are 10 s. */
  retries?: number | undefined;
  fetch?: typeof fetch | undefined;
}

export interface Call {
  method?: 'GET' | 'POST';
  path: string;
  query?: Record<string, string | readonly string[] | undefined> | undefined;
  headers?: Record<string, string> | undefined;
  body?: object | undefined;
  signal?: AbortSignal | undefined;
  /** Milliseconds for which the service may take; then the connection counts as dead. */
  timeoutMs?: number | undefined;
  /** The body is a stream, which is not read here and may last. */
  stream?: boolean | undefined;
}

export interface Answer {
  response: Response;
  /** Parsed; undefined without a body, and of a stream. */
  body: unknown;
}

/** Sends a call, again where that may help. */
export type Send = (call: Call) => Promise<Answer>;

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;
const TIMEOUT_MS = 60_000;
/** Answers of the service and of what stands before it that say: later. */
const LATER = new Set([429, 502, 503, 504]);

/**
 * Makes the function that sends calls. Every call that the client makes is safe to send again: reads are, a start has the
 * same correlation id each time, and the service answers a repeated command with how it ended the first time.
 *
 * @throws ProblemError, ProcessError, UnavailableError; what the signal was aborted with
 */
export function createSend({ baseUrl, token, retries = 8, fetch: send }: ClientOptions): Send {
  const base = baseUrl.replace(/\/+$/, '');
  const doFetch = send ?? ((...call: Parameters<typeof fetch>) => fetch(...call));

  async function once(call: Call): Promise<Answer> {
    const { method = 'GET', path, headers, body, signal, timeoutMs = TIMEOUT_MS } = call;
    const text = typeof token === 'function' ? await token() : token;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new TypeError('no answer in time')), timeoutMs);
    try {
      const response = await doFetch(`${base}${path}${queryOf(call.query)}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(text ? { authorization: `Bearer ${text}` } : {}),
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...headers,
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
      });
      if (!response.ok) throw await problemOf(response);
      // Read here: the connection may break in the middle of it.
      const read = call.stream || response.status === 204 ? undefined : await response.json();
      return { response, body: read };
    } finally {
      clearTimeout(timer);
    }
  }

  return async (call) => {
    for (let tried = 0; ; tried++) {
      try {
        return await once(call);
      } catch (error) {
        call.signal?.throwIfAborted();
        if (!(error instanceof Later) && !isNetwork(error)) throw error;
        if (tried >= retries) {
          const message = `the service could not be reached in ${tried + 1} attempts: ${textOf(error)}`;
          throw new UnavailableError(message, { cause: error });
        }
        const wanted = error instanceof Later ? error.retryAfterMs : 0;
        await sleep(Math.max(wanted, backoff(tried)), call.signal);
      }
    }
  };
}

/** An answer that says: later. */
class Later extends Error {
  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}

async function problemOf(answer: Response): Promise<Error> {
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json');
  // A proxy has no problems; 502 of the service is that of a process.
  if (LATER.has(answer.status) && !(isProblem && answer.status === 502)) {
    const seconds = Number(answer.headers.get('retry-after'));
    const text = await answer.text();
    const detail = isProblem ? (JSON.parse(text) as Problem).detail : `status ${answer.status}`;
    return new Later(detail, Number.isFinite(seconds) ? Math.min(seconds, 60) * 1_000 : 0);
  }
  const problem: Problem = isProblem
    ? ((await answer.json()) as Problem)
    : {
        type: 'about:blank',
        title: answer.statusText,
        status: answer.status,
        detail: `The answer has status ${answer.status} and is no answer of the service.`,
      };
  return errorOf(problem, answer.status);
}

/** fetch fails with a TypeError when the connection does; a body that breaks off is one too, or half a JSON. */
export function isNetwork(error: unknown): boolean {
  return error instanceof TypeError || error instanceof SyntaxError;
}

function textOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

/** Milliseconds before the next attempt: doubled each time, less a random part, so that callers do not come together. */
export function backoff(tried: number): number {
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tried) * (0.5 + Math.random() / 2);
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(done, ms);
    function done(): void {
      signal?.removeEventListener('abort', stop);
      resolve();
    }
    function stop(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', stop, { once: true });
  });
}

function queryOf(query: Call['query'] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of value === undefined ? [] : [value].flat()) search.append(name, one);
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
