const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
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
export function Time({ at, exact = false }: { at: string | null; exact?: boolean }) {
  if (at === null) return <span className="none">–</span>;
  return (
    <time dateTime={at} title={`${at.replace('T', ' ').replace('Z', '')} UTC (shown: ${ZONE})`}>
      {readableTime(at, exact)}
    </time>
  );
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
