import { Link } from '@tanstack/react-router';
import { readableTime } from '../../parts/time.tsx';
import type { BulkAction } from './bulk.ts';

const PREFIX = 'identifier.';
const TIMES: Record<string, string> = { from: 'changed from', to: 'changed before' };

type Given = readonly (readonly [name: string, value: string])[];

/** The filter of a run in words. */
export function readableFilter(filter: Record<string, unknown>): string {
  const words = givenOf(filter).map(([name, value]) => {
    const time = TIMES[name];
    if (time) return `${time} ${readableTime(value)}`;
    return `${name === 'errorCode' ? 'error code' : name.replace(PREFIX, '')} ${value}`;
  });
  return words.join(', ');
}

const givenOf = (filter: Record<string, unknown>): Given =>
  Object.entries(filter).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );

/** The filter of a run in words, which lead to the list with this filter. */
export function FilterText({
  action,
  filter,
}: {
  action: BulkAction;
  filter: Record<string, unknown>;
}) {
  return (
    <Link to={action === 'restore' ? '/archive' : '/processes'} search={searchOf(filter)}>
      {readableFilter(filter)}
    </Link>
  );
}

/** As the lists have it in their URL. */
function searchOf(filter: Record<string, unknown>) {
  const given = givenOf(filter);
  const identifiers = given.filter(([name]) => name.startsWith(PREFIX));
  const others = given.filter(([name]) => !name.startsWith(PREFIX));
  const identifier = identifiers.map(([name, value]) => `${name.slice(PREFIX.length)}=${value}`);
  return {
    ...Object.fromEntries(others),
    ...(identifier.length > 0 && { identifier: identifier.join('&') }),
  };
}
