import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, bodyOf } from './client.ts';
import type { paths } from './openapi';

type Answer = paths['/console/session']['get']['responses'][200]['content']['application/json'];

/** Who uses the console, and what they may do. */
export type Session = Answer;
export type Scope = Session['scopes'][number];

/** The session that the cookie of this browser names. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }): Promise<Session> => bodyOf(api.GET('/console/session', { signal })),
  staleTime: 60_000,
});

/** Exchanges an API key for a session in a cookie that scripts cannot read. */
export const signIn = (apiKey: string): Promise<Session> =>
  bodyOf(api.POST('/console/session', { headers: { Authorization: `Bearer ${apiKey}` } }));

/** Ends the session, also at the identity provider when it has a page for that. */
export async function signOut(): Promise<void> {
  const { logoutUrl } = await bodyOf(api.DELETE('/console/session'));
  if (logoutUrl) location.assign(logoutUrl);
}

/** Whether the caller may make calls that need this scope. Undefined until it is known. */
export function useMay(scope: Scope): boolean | undefined {
  const { data } = useQuery(sessionQuery);
  return data && (data.scopes.includes(scope) || data.scopes.includes('admin'));
}
