import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf, type Process, type ProcessEvent } from '../../api/client.ts';
import { useFollow } from '../../api/follow.ts';
import { useMay } from '../../api/session.ts';

const POLL_INTERVAL_MS = 3_000;

/** The state of a process, now or after a version. */
export const processQuery = (correlationId: string, at?: string) =>
  queryOptions({
    queryKey: ['process', correlationId, at ?? 'now'],
    queryFn: ({ signal }): Promise<Process> =>
      bodyOf(
        api.GET('/api/process/status/{correlationId}', {
          params: { path: { correlationId }, query: at ? { at } : {} },
          signal,
        }),
      ),
  });

/** All events of a process, in order. */
export const eventsQuery = (correlationId: string) =>
  queryOptions({
    queryKey: ['events', correlationId],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/process/{correlationId}/events', {
          params: { path: { correlationId } },
          signal,
        }),
      ),
  });

/** A process and its events, which change by themselves while it is pending. */
export function useProcess(correlationId: string) {
  const client = useQueryClient();
  const mayFollow = useMay('events:read');
  const process = useQuery({
    ...processQuery(correlationId),
    refetchInterval: ({ state }) =>
      state.data?.status === 'pending' && !mayFollow ? POLL_INTERVAL_MS : false,
  });
  const events = useQuery({ ...eventsQuery(correlationId), enabled: mayFollow === true });

  const isPending = process.data?.status === 'pending';
  const last = events.data?.events.at(-1)?.version;
  // Only its beginning depends on what is known: afterwards the stream itself resumes.
  const base = `/api/process/${encodeURIComponent(correlationId)}/events`;
  const isFollowed = isPending && mayFollow === true && last !== undefined;
  useFollow<ProcessEvent>(isFollowed ? base : null, (event) => {
    client.setQueryData(eventsQuery(correlationId).queryKey, (known) => {
      if (!known || known.events.some(({ version }) => version >= event.version)) return known;
      return { ...known, events: [...known.events, event] };
    });
    if (event.version > (process.data?.version ?? 0)) {
      void client.invalidateQueries({ queryKey: ['process', correlationId] });
      void client.invalidateQueries({ queryKey: ['activities', correlationId] });
    }
  });

  return { process, events, mayFollow, isFollowed };
}
