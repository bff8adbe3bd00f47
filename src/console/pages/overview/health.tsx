import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX } from 'lucide-react';
import { api } from '../../api/client.ts';

const REFRESH_INTERVAL_MS = 5_000;

/** The dependencies of the service, as `/health/ready` reports them. */
export function Health() {
  const { data } = useQuery({
    queryKey: ['health'],
    queryFn: async ({ signal }) => {
      // A 503 is an answer here.
      const { data, error } = await api.GET('/health/ready', { signal });
      return data ?? error;
    },
    refetchInterval: REFRESH_INTERVAL_MS,
  });
  if (!data || !('checks' in data)) return null;
  return (
    <ul className="health" aria-label="Health">
      {Object.entries(data.checks).map(([name, outcome]) => (
        <li key={name} className={outcome === 'ok' ? 'badge ok' : 'badge technical'}>
          {outcome === 'ok' ? <CircleCheck aria-hidden /> : <CircleX aria-hidden />}
          {name}
          {outcome !== 'ok' && `: ${outcome}`}
        </li>
      ))}
      {data.notes?.map((note) => (
        <li key={note} className="badge pending">
          {note}
        </li>
      ))}
    </ul>
  );
}
