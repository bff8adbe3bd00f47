import { queryOptions, useQuery } from '@tanstack/react-query';
import { reportAnswered } from './connection.ts';
import { ProblemError, UnreachableError } from './problem.ts';

export type Scope = 'process:start' | 'process:read' | 'events:read' | 'admin';

/** Who uses the console, and what they may do. */
export interface Session {
  /** False: the service listens on loopback only, and everybody there may do everything. */
  accessControl: boolean;
  /** Null: the reader has not signed in. */
  caller: { name: string; scopes: readonly Scope[] } | null;
}

const PATH = '/console/session';

/** The session that the cookie of this browser names. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: () => call('GET'),
  staleTime: 60_000,
});

/** Exchanges an API key for a session in a cookie that scripts cannot read. */
export const signIn = (apiKey: string): Promise<Session> => call('POST', { apiKey });

/** Ends the session, also at the service. */
export const signOut = (): Promise<Session> => call('DELETE');

/** Whether the caller may make calls that need this scope. Undefined until it is known. */
export function useMay(scope: Scope): boolean | undefined {
  const { data } = useQuery(sessionQuery);
  if (!data) return undefined;
  const scopes = data.caller?.scopes ?? [];
  return !data.accessControl || scopes.includes(scope) || scopes.includes('admin');
}

async function call(method: 'GET' | 'POST' | 'DELETE', body?: object): Promise<Session> {
  const init = body
    ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }
    : {};
  const response = await fetch(PATH, { method, ...init }).catch((error: unknown) => {
    reportAnswered(false);
    throw new UnreachableError(error);
  });
  reportAnswered(true);
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new ProblemError(response.status, answer ?? {});
  return answer ?? { accessControl: false, caller: null };
}
