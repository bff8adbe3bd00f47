import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '../../api/client.ts';
import type { paths } from '../../api/openapi';
import { type ProcessFilter, queryOf } from '../../parts/process-filter.ts';

export type BulkRun = Schemas['BulkRun'];
export type BulkAction = BulkRun['action'];
type BulkRequest = paths['/api/admin/bulk']['post']['requestBody']['content']['application/json'];
export type BulkFilter = BulkRequest['filter'];

const POLL_INTERVAL_MS = 1_000;
/** Somebody else may resume a stopped run. */
const STOPPED_POLL_INTERVAL_MS = 5_000;

/** What the runs of the list do to their processes. */
export const ACTION_TITLES: Record<BulkAction, string> = {
  retry: 'Retry',
  cancel: 'Cancel',
  restore: 'Restore',
};

/** The statuses that the action takes; restore takes all. */
const STATUS_FOR: Partial<Record<BulkAction, ProcessFilter['status']>> = {
  retry: 'error',
  cancel: 'pending',
};

/**
 * The filter of a list as a bulk run takes it, with the times of now. Which partition is meant follows from the action.
 *
 * @returns null without a filter: everything is not offered
 */
export function bulkFilterOf(filter: ProcessFilter): BulkFilter | null {
  const { archive: _, ...query } = queryOf(filter);
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? null : (Object.fromEntries(given) as BulkFilter);
}

/** Whether the filter of a list can find processes that the action takes. */
export function mayFind(action: BulkAction, { status }: ProcessFilter): boolean {
  const needed = STATUS_FOR[action];
  return !needed || !status || status === needed;
}

/** Begins a run, or a dry run; the answer does not wait for its end. */
export const beginBulk = (body: BulkRequest): Promise<BulkRun> =>
  bodyOf(api.POST('/api/admin/bulk', { body }));

/** Stops a run, or continues it. */
export function changeBulk(change: 'stop' | 'resume', id: string): Promise<BulkRun> {
  const init = { params: { path: { id } } };
  return change === 'stop'
    ? bodyOf(api.POST('/api/admin/bulk/{id}/stop', init))
    : bodyOf(api.POST('/api/admin/bulk/{id}/resume', init));
}

/** A run as it is now, until it is done. */
export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['bulk', id],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/admin/bulk/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state: { data } }) => pollInterval(data),
  });

function pollInterval(run: BulkRun | undefined): number | false {
  if (run?.status === 'done') return false;
  return run?.status === 'stopped' ? STOPPED_POLL_INTERVAL_MS : POLL_INTERVAL_MS;
}

/** Whether processes are looked up or acted on now. */
export const isActive = ({ status }: BulkRun): boolean =>
  status === 'collecting' || status === 'running';
