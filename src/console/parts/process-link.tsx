import { Link } from '@tanstack/react-router';

/** Leads to the page of a process. */
export function ProcessLink({ correlationId }: { correlationId: string }) {
  return (
    <Link
      to="/processes/$correlationId"
      params={{ correlationId }}
      className="id"
      title={correlationId}
    >
      {correlationId}
    </Link>
  );
}
