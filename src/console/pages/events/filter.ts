import type { paths } from '../../api/openapi';
import { timesOf } from '../../parts/range.tsx';
import type { Search } from '../../search.ts';

/** The filters in the URL; their names are those of the API. */
export type EventsSearch = Search<
  | 'process'
  | 'step'
  | 'type'
  | 'status'
  | 'targetSystem'
  | 'correlationId'
  | 'last'
  | 'from'
  | 'to'
  | 'archive'
>;

export type EventsQuery = NonNullable<paths['/api/events']['get']['parameters']['query']>;

/** As the API takes it; it says what is wrong with a value. */
export const queryOf = ({ type, last, from, to, ...same }: EventsSearch): EventsQuery =>
  ({
    ...same,
    ...timesOf({ last, from, to }),
    ...(type === undefined ? {} : { type: type.split(',') }),
  }) as EventsQuery;

/** The URL of a call. */
export function urlOf(search: EventsSearch, more: Record<string, string>): string {
  const given = Object.entries({ ...search, ...more }).filter(([, value]) => value !== undefined);
  return `/api/events?${new URLSearchParams(given as [string, string][])}`;
}
