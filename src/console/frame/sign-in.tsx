import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useId } from 'react';
import { messageOf } from '../api/problem.ts';
import { sessionQuery, signIn } from '../api/session.ts';

/** Exchanges an API key for a session; afterwards the page at this URL shows. */
export function SignIn({ loginUrl }: { loginUrl: string | null }) {
  const client = useQueryClient();
  const { pathname, search } = location;
  const hasFailed = new URLSearchParams(search).get('signIn') === 'failed';
  const field = useId();
  const hint = useId();
  const entry = useMutation({
    mutationFn: signIn,
    onSuccess(session) {
      // What an earlier caller saw is not for this one.
      client.removeQueries({
        predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0],
      });
      client.setQueryData(sessionQuery.queryKey, session);
    },
  });
  useEffect(() => {
    document.title = 'Sign in · fastify-camunda';
  }, []);

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const key = new FormData(event.currentTarget).get('key');
    if (typeof key === 'string' && key.trim() !== '') entry.mutate(key.trim());
  }

  return (
    <main className="sign-in">
      <form onSubmit={submit}>
        <h1>Sign in to fastify-camunda</h1>
        {loginUrl && (
          <>
            <a className="button" href={withParameter(loginUrl, 'returnTo', pathname + search)}>
              Sign in with your organisation
            </a>
            {hasFailed && (
              <p role="alert" className="error">
                Your organisation did not sign you in. Try again, or ask an administrator for the
                scopes of your account.
              </p>
            )}
            <p className="or">or</p>
          </>
        )}
        <label htmlFor={field}>API key</label>
        <input
          id={field}
          name="key"
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          aria-describedby={hint}
          aria-invalid={entry.isError}
          required
        />
        <p id={hint} className="hint">
          An administrator creates keys with <code>api-key create</code>. What you see and may do
          depends on the scopes of your key.
        </p>
        {entry.isError && (
          <p role="alert" className="error">
            {messageOf(entry.error)}
          </p>
        )}
        <button type="submit" className="primary" disabled={entry.isPending}>
          Sign in
        </button>
      </form>
    </main>
  );
}

/** The same URL with this parameter in its query. */
function withParameter(url: string, name: string, value: string): string {
  const next = new URL(url, location.origin);
  next.searchParams.set(name, value);
  return `${next.pathname}${next.search}`;
}
