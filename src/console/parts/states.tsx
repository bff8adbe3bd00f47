import { CircleSlash, CloudOff, Inbox, Lock, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { messageOf, ProblemError, UnreachableError } from '../api/problem.ts';
import type { Scope } from '../api/session.ts';

/** Instead of content: why there is nothing to see, and what to do. */
function State({
  icon,
  title,
  children,
  role,
}: {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  role?: 'alert' | 'status';
}) {
  return (
    <div className="state" role={role}>
      {icon}
      <p className="state-title">{title}</p>
      {children}
    </div>
  );
}

/** There is nothing; `children` says what would fill it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <State icon={<Inbox />} title={title} role="status">
      {children}
    </State>
  );
}

/** The answer is on its way: lines where it will be, so that nothing moves when it comes. */
export function Loading({ lines = 6 }: { lines?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} />
      ))}
    </div>
  );
}

/** The call failed. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const again = onRetry && (
    <button type="button" onClick={onRetry}>
      Try again
    </button>
  );
  if (error instanceof UnreachableError) {
    return (
      <State icon={<CloudOff />} title="The service does not answer" role="alert">
        <p>The console tries again by itself, and continues as soon as the service is back.</p>
        {again}
      </State>
    );
  }
  if (error instanceof ProblemError && error.status === 403) {
    return (
      <State icon={<Lock />} title="Your key does not allow this" role="alert">
        <p>{error.message}</p>
        <p>Sign in with a key that has the scope, or ask an administrator for one.</p>
      </State>
    );
  }
  if (error instanceof ProblemError && error.status === 404) {
    return (
      <State icon={<CircleSlash />} title="Not found" role="alert">
        <p>{error.message}</p>
      </State>
    );
  }
  const title = error instanceof ProblemError ? error.title : 'Something went wrong';
  return (
    <State icon={<TriangleAlert />} title={title} role="alert">
      <p>{messageOf(error)}</p>
      {again}
    </State>
  );
}

/** The caller lacks a scope, which is known before the call. */
export function NoPermission({ scope }: { scope: Scope }) {
  return (
    <State icon={<Lock />} title="Your key does not allow this" role="alert">
      <p>
        This page needs the scope <code>{scope}</code>. Sign in with a key that has it, or ask an
        administrator for one.
      </p>
    </State>
  );
}
