import { useQueries } from '@tanstack/react-query';
import { api, bodyOf, type Process } from '../../api/client.ts';

const POLL_INTERVAL_MS = 1_000;
/** Longer with each process that is asked for. */
const MORE_FOR_EACH_MS = 40;

/** What a command was sent for, and when. */
export interface Sent {
  ids: readonly string[];
  at: number;
}

/** The processes that a command was sent for as they are now, by id, until each has ended. */
export function useSent({ ids, at }: Sent): ReadonlyMap<string, Process> {
  return useQueries({
    queries: ids.map((id) => ({
      // Not what was known before the command.
      queryKey: ['process', id, `sent at ${at}`],
      queryFn: ({ signal }: { signal: AbortSignal }): Promise<Process> => {
        const path = { correlationId: id };
        return bodyOf(api.GET('/api/process/status/{correlationId}', { params: { path }, signal }));
      },
      refetchInterval: ({ state }: { state: { data?: Process | undefined } }) =>
        hasEnded(state.data) ? false : POLL_INTERVAL_MS + ids.length * MORE_FOR_EACH_MS,
    })),
    combine: (answers) =>
      new Map(answers.flatMap(({ data }) => (data ? [[data.correlationId, data]] : []))),
  });
}

const hasEnded = (process: Process | undefined): boolean =>
  process !== undefined && process.status !== 'pending';

/** How far the processes are that a command was sent for. */
export function SentBar({
  ids,
  processes,
  onDone,
}: {
  ids: readonly string[];
  processes: ReadonlyMap<string, Process>;
  onDone: () => void;
}) {
  const ended = [...processes.values()].filter(hasEnded);
  const failed = ended.filter(({ status }) => status === 'error').length;
  return (
    <div className="notice-bar">
      <span role="status">
        {ended.length} of {ids.length} have ended
        {ended.length > 0 && `: ${ended.length - failed} completed, ${failed} with an error`}
      </span>
      <button type="button" className="link" onClick={onDone}>
        Show the list as it is now
      </button>
    </div>
  );
}
