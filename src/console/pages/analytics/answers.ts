import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { paths } from '../../api/openapi';
import type { Question } from './search.ts';

type Group = 'process' | 'step' | 'targetSystem' | 'status' | 'errorMessage';

/** The pictures stay until those of another question are there. */
const KEPT = { placeholderData: keepPreviousData, staleTime: Number.POSITIVE_INFINITY } as const;

/** Processes that began and ended, in each bucket. */
export const throughputQuery = ({ range, bucket, timeZone, process }: Question) =>
  queryOptions({
    ...KEPT,
    queryKey: ['throughput', range, bucket, timeZone, process],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/analytics/throughput', {
          params: { query: { ...range, bucket, timeZone, process } },
          signal,
        }),
      ),
  });

/** How long processes took that completed, in each bucket. */
export const processTimesQuery = ({ range, bucket, timeZone, process }: Question) =>
  queryOptions({
    ...KEPT,
    queryKey: ['process-times', range, bucket, timeZone, process],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/analytics/processes', {
          params: {
            query: {
              ...range,
              bucket,
              timeZone,
              process,
              groupBy: ['status'],
              status: ['completed'],
            },
          },
          signal,
        }),
      ),
  });

/** Attempts at steps in groups, of the whole range or in each bucket. */
export const stepsQuery = (
  { range, bucket, timeZone, process, step, targetSystem }: Question,
  groupBy: Group[],
  { isOverTime = false, status, limit }: StepsOptions = {},
) => {
  const query: StepsParameters = {
    ...range,
    ...(isOverTime ? { bucket, timeZone } : {}),
    process,
    step,
    targetSystem,
    groupBy,
    status: status && [status],
    limit,
  };
  return queryOptions({
    ...KEPT,
    queryKey: ['steps', query],
    queryFn: ({ signal }) => readSteps(query, signal),
  });
};

const readSteps = (query: StepsParameters, signal: AbortSignal) =>
  bodyOf(api.GET('/api/analytics/steps', { params: { query }, signal }));

type StepsParameters = NonNullable<paths['/api/analytics/steps']['get']['parameters']['query']>;

/** A group of attempts at steps. */
export type StepsRow = Awaited<ReturnType<typeof readSteps>>['steps'][number];

interface StepsOptions {
  isOverTime?: boolean;
  status?: 'ok' | 'error';
  /** The largest groups. */
  limit?: number;
}
