import { queryOptions } from '@tanstack/react-query';
import type { Schemas } from '../../api/client.ts';
import { api, bodyOf } from '../../api/client.ts';

const REFRESH_INTERVAL_MS = 10_000;

/** What is stuck, slow or behind, with so many of each list. */
export const attentionQuery = (limit: number) =>
  queryOptions({
    queryKey: ['attention', limit],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/analytics/attention', { params: { query: { limit } }, signal })),
    refetchInterval: REFRESH_INTERVAL_MS,
  });

/** How many tasks of steps that are done elsewhere no worker has; undefined when that is not known. */
export function tasksWithoutWorker({ elsewhere }: Schemas['Attention']): number | undefined {
  return elsewhere?.reduce((sum, { count }) => sum + count, 0);
}
