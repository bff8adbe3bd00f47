import type { Search } from '../search.ts';
import { SelectFilter, TimeFilter } from './filters.tsx';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const LENGTHS = {
  '1h': { title: 'Last hour', ms: HOUR_MS },
  '24h': { title: 'Last 24 hours', ms: DAY_MS },
  '7d': { title: 'Last 7 days', ms: 7 * DAY_MS },
  '30d': { title: 'Last 30 days', ms: 30 * DAY_MS },
  '90d': { title: 'Last 90 days', ms: 90 * DAY_MS },
  '1y': { title: 'Last year', ms: 365 * DAY_MS },
} as const;

type Length = keyof typeof LENGTHS;
const DEFAULT: Length = '24h';
const CUSTOM = 'custom';

/** A range in a URL: one that ends now, or with its times. */
export type RangeSearch = Search<'last' | 'from' | 'to'>;

/** A range of time; `to` is not in it. */
export interface Range {
  from: string;
  to: string;
}

/** The range that a URL asks for; the last 24 hours by default. */
export function rangeOf({ last, from, to }: RangeSearch, now = Date.now()): Range {
  const end = to ?? new Date(now).toISOString();
  if (from !== undefined) return { from, to: end };
  const length = LENGTHS[isLength(last) ? last : DEFAULT].ms;
  const endMs = Date.parse(end);
  return { from: new Date((Number.isNaN(endMs) ? now : endMs) - length).toISOString(), to: end };
}

/** The times that a URL asks for, of a list that has those of all times by default. */
export function timesOf({ last, from, to }: RangeSearch, now = Date.now()): Partial<Range> {
  if (from !== undefined || to !== undefined) return { ...(from && { from }), ...(to && { to }) };
  return isLength(last) ? { from: new Date(now - LENGTHS[last].ms).toISOString() } : {};
}

/** How long it is. */
export const lengthOf = ({ from, to }: Range): number => Date.parse(to) - Date.parse(from);

/** The range of the same length that ends where this one begins. */
export function rangeBefore(range: Range): Range {
  const start = Date.parse(range.from) - lengthOf(range);
  // The service says what is wrong with it.
  if (Number.isNaN(start)) return range;
  const from = new Date(start).toISOString();
  return { from, to: range.from };
}

const SPAN = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** A range in the zone of the reader; in UTC on hover. */
export function Span({ from, to }: Range) {
  const title = `${from} to ${to}`.replaceAll('T', ' ').replaceAll('Z', ' UTC');
  return (
    <span className="muted" title={title}>
      {readableSpan({ from, to })}
    </span>
  );
}

/** As `Span` shows it, for a label. */
export const readableSpan = ({ from, to }: Range): string =>
  SPAN.formatRange(new Date(from), new Date(to));

interface RangeProps {
  search: RangeSearch;
  onChange(change: RangeSearch): void;
}

/** Chooses a range: one that ends now, or one between two times. */
export function RangeFilter(props: RangeProps) {
  return <Choice {...props} label="Range" from="From" before="Before" fallback={DEFAULT} />;
}

/** As `RangeFilter`, for a list that has everything by default. @param what happened in the range: `Changed` */
export function TimesFilter({ what, ...props }: RangeProps & { what: string }) {
  return <Choice {...props} label={what} from={`${what} from`} before={`${what} before`} />;
}

function Choice({
  search,
  onChange,
  label,
  from: fromLabel,
  before,
  fallback,
}: RangeProps & {
  label: string;
  from: string;
  before: string;
  /** What is chosen when the URL says nothing; left out: no range. */
  fallback?: Length;
}) {
  const isCustom = search.from !== undefined || search.to !== undefined;
  const chosen = isCustom ? CUSTOM : isLength(search.last) ? search.last : fallback;

  function choose(value: string | undefined): void {
    if (value === CUSTOM) onChange({ last: undefined, ...rangeOf(search) });
    else {
      const last = value === fallback ? undefined : value;
      onChange({ last, from: undefined, to: undefined });
    }
  }

  return (
    <>
      <SelectFilter
        label={label}
        value={chosen}
        all={fallback === undefined ? 'Any time' : null}
        options={[
          ...Object.entries(LENGTHS).map(([length, { title }]) => [length, title] as const),
          [CUSTOM, 'Between two times'],
        ]}
        onChange={choose}
      />
      {isCustom && (
        <>
          <TimeFilter
            label={fromLabel}
            value={search.from}
            onChange={(from) => onChange({ from })}
          />
          <TimeFilter label={before} value={search.to} onChange={(to) => onChange({ to })} />
        </>
      )}
    </>
  );
}

function isLength(text: string | undefined): text is Length {
  return text !== undefined && Object.hasOwn(LENGTHS, text);
}
