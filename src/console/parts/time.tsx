/** The time zone of the reader. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const CLOCK_MS = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});

/** A time in the zone of the reader, with the day when it is not today; in UTC on hover. */
export function Time({
  at,
  exact = false,
  timeZone,
}: {
  at: string | null;
  exact?: boolean;
  /** Another zone than that of the reader: then with the day. */
  timeZone?: string | undefined;
}) {
  if (at === null) return <span className="none">–</span>;
  const utc = at.replace('T', ' ').replace('Z', '');
  return (
    <time dateTime={at} title={`${utc} UTC (shown: ${timeZone ?? ZONE})`}>
      {timeZone === undefined ? readableTime(at, exact) : timeIn(timeZone, at)}
    </time>
  );
}

function timeIn(timeZone: string, at: string): string {
  const options = { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23', timeZone } as const;
  return new Intl.DateTimeFormat(undefined, options).format(new Date(at));
}

/** As `Time` shows it, for a title or a table of figures. */
export function readableTime(at: string, exact = false): string {
  const time = new Date(at);
  const now = new Date();
  const clock = (exact ? CLOCK_MS : CLOCK).format(time);
  if (time.toDateString() === now.toDateString()) return clock;
  const day = time.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR;
  return `${day.format(time)}, ${clock}`;
}

/** Milliseconds in the unit that fits: `840 ms`, `12.4 s`, `3 min 20 s`, `2 d 4 h`. */
export function readableDuration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return twoUnits(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return twoUnits(minutes, 60, 'h', 'min');
  return twoUnits(Math.round(minutes / 60), 24, 'd', 'h');
}

const [SECOND, MINUTE, HOUR, DAY_LONG] = [1_000, 60_000, 3_600_000, 86_400_000];

/** Round durations, for the lines behind a chart. */
export const ROUND_DURATIONS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((days) => days * DAY_LONG),
];

function twoUnits(value: number, size: number, large: string, small: string): string {
  const rest = value % size;
  return `${Math.floor(value / size)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

/** How long something took, or has taken until now. */
export function between(from: string, to: string | null): number {
  return Math.max(0, (to === null ? Date.now() : Date.parse(to)) - Date.parse(from));
}

const NUMBER = new Intl.NumberFormat();

/** A count with separators. */
export const readableCount = (count: number): string => NUMBER.format(count);

const PERCENT = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });

/** A share from 0 to 1 in per cent. */
export const readableShare = (share: number): string => PERCENT.format(share);
