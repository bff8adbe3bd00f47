import createClient, { type Middleware } from 'openapi-fetch';
import { reportAnswered } from './connection.ts';
import type { components, paths } from './openapi';
import { ProblemError, UnreachableError } from './problem.ts';

export type Schemas = components['schemas'];
export type Process = Schemas['Process'];
export type ProcessEvent = Schemas['Event'];

const report: Middleware = {
  onResponse: () => reportAnswered(true),
  onError({ error }) {
    // A call that a newer one replaced.
    if (error instanceof DOMException && error.name === 'AbortError') return;
    reportAnswered(false);
    return new UnreachableError(error);
  },
};

/** Calls of the REST API, with the types of its OpenAPI document. */
export const api = createClient<paths>({
  baseUrl: location.origin,
  headers: { Accept: 'application/json' },
});
api.use(report);

type Answer<Data> = { data?: Data; error?: unknown; response: Response };

/**
 * The body of a successful answer.
 *
 * @throws ProblemError for any other answer, UnreachableError without one
 */
export async function bodyOf<Data>(call: Promise<Answer<Data>>): Promise<Exclude<Data, string>> {
  // Texts are streams and exports, which the client does not ask for here.
  return (await successOf(call)) as Exclude<Data, string>;
}

/** As `bodyOf`, of a call with `parseAs: 'text'`. */
export async function textOf(call: Promise<Answer<string>>): Promise<string> {
  return (await successOf(call)) ?? '';
}

async function successOf<Data>(call: Promise<Answer<Data>>): Promise<Data | undefined> {
  const { data, error, response } = await call;
  if (response.ok) return data;
  const body = typeof error === 'object' && error !== null ? error : {};
  throw new ProblemError(response.status, body);
}
