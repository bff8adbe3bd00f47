import { Cron } from 'croner';
import { DateTime, type DurationUnit } from 'luxon';
import type { Result } from '../expressions/expression.ts';
import type { TimerKind } from './program.ts';

/*
 * When timers are due, as Camunda's calendars reckon it (`DueDateBusinessCalendar`, `DurationBusinessCalendar`,
 * `CycleBusinessCalendar`). A time without a zone is one of the process's time zone.
 *
 * Source: https://docs.camunda.org/manual/7.24/reference/bpmn20/events/timer-events/
 */

export interface Schedule {
  /** Milliseconds since 1970. */
  readonly due: number;
  /** What `nextRepeat` takes once it has fired; null: it fires once. Camunda repeats no interrupting or caught timer. */
  readonly repeat: string | null;
}

/** A timer cannot be reckoned; `message` is in Camunda's words. */
export class TimerError extends Error {
  override readonly name = 'TimerError';
}

/**
 * When a timer is due that is created now.
 *
 * @param value what the timer's expression gave
 * @param activityId of the event, for the message
 * @throws TimerError when it is neither a Date nor a text that its kind of timer takes
 */
export function dueDate(kind: TimerKind, value: Result, now: number, activityId = ''): Schedule {
  if (!('value' in value) || typeof value.value !== 'string') throw notConfigured(activityId);
  if (value.type === 'Date') return { due: Date.parse(value.value), repeat: null };
  if (value.type !== 'String') throw notConfigured(activityId);
  const text = value.value;
  switch (kind) {
    case 'date':
      return { due: explained(RESOLVING, text, () => dateDue(text, now)), repeat: null };
    case 'duration':
      return { due: explained(RESOLVING, text, () => intervalDue(text, now)) ?? now, repeat: null };
    case 'cycle':
      // A cycle that is over before it begins has no due date in Camunda, so it is due at once.
      return {
        due: explained(PARSING, text, () => cycleDue(text, now)) ?? now,
        repeat: startedRepeat(text, now),
      };
    default:
      return kind satisfies never;
  }
}

/**
 * When a timer that has just fired is due again; null when its cycle is over. Camunda counts the repeats from the start
 * that the text of the cycle carries, not from the times it has fired.
 *
 * @param repeat as `dueDate` or this gave it
 * @param lastDue when it was due that has fired
 */
export function nextRepeat(repeat: string, lastDue: number, now: number): Schedule | null {
  const due = explained(PARSING, repeat, () => cycleDue(repeat, now));
  // Camunda fires the last repeat again when it has fired within the very millisecond that it was due.
  if (due === null || (due <= lastDue && due <= now)) return null;
  return { due, repeat };
}

function notConfigured(activityId: string): TimerError {
  return new TimerError(
    `Timer '${activityId}' was not configured with a valid duration/time, either hand in a java.util.Date or a String in format 'yyyy-MM-dd'T'hh:mm:ss'`,
  );
}

const RESOLVING = 'ENGINE-09027 Exception while resolving duedate';
const PARSING = 'ENGINE-09026 Exception while parsing cycle expression';

/** Puts Camunda's sentence around what is wrong with a text. */
function explained<T>(sentence: string, text: string, resolve: () => T): T {
  try {
    return resolve();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TimerError(`${sentence} '${text}': ${reason}`, { cause });
  }
}

/** A date, or a period from now: Camunda takes `P1D` for a date too. */
function dateDue(text: string, now: number): number {
  return text.startsWith('P') ? add(now, parsePeriod(text, true)) : parseDate(text);
}

function cycleDue(text: string, now: number): number | null {
  return text.startsWith('R') ? intervalDue(text, now) : cronDue(text, now);
}

/** `R3/PT1S` gets the time at which it begins, to the second, so that its repeats can be counted from there. */
function startedRepeat(text: string, now: number): string {
  if (!text.startsWith('R') || text.split('/').length !== 2) return text;
  return text.replace('/', `/${DateTime.fromMillis(now).toFormat("yyyy-MM-dd'T'HH:mm:ss")}/`);
}

/** An interval of ISO 8601: `[Rn/]period`, `[Rn/]start/period`, `[Rn/]period/end` or `[Rn/]start/end`. */
interface Interval {
  /** Null: it is not a repeating one. */
  readonly times: number | null;
  readonly period: Period;
  readonly start: number;
  /** Set when only the end is known. */
  readonly end: number | null;
}

/** How often an interval repeats; null when it does not. @throws TimerError when the text is not an interval */
export function intervalTimes(text: string): number | null {
  return parseInterval(text, 0).times;
}

/** When an interval is due next; null when its repeats are over. @throws TimerError */
export function intervalDue(text: string, now: number): number | null {
  const { times, period, start, end } = parseInterval(text, now);
  if (times === null) return end ?? add(start, period);
  return end === null
    ? nextFromStart(start, period, times, now)
    : nextToEnd(end, period, times, now);
}

function parseInterval(text: string, now: number): Interval {
  const parts = text.split('/');
  if (parts.length > 3) throw new TimerError(`ENGINE-09028 Cannot parse duration '${text}'.`);
  const times = parts[0]?.startsWith('R') ? parseTimes(parts.shift() ?? '') : null;
  const [first, second] = parts;
  if (first === undefined) throw new TimerError('there is no period');
  if (first.startsWith('P')) {
    const end = second === undefined ? null : parseDate(second);
    return { times, period: parsePeriod(first, false), start: now, end };
  }
  const start = parseDate(first);
  if (second === undefined) throw new TimerError('there is a start without a period or an end');
  if (second.startsWith('P'))
    return { times, period: parsePeriod(second, false), start, end: null };
  const length = parseDate(second) - start;
  // Without repeats, the end is what counts.
  const end = times === null ? start + length : null;
  return { times, period: [['milliseconds', length]], start, end };
}

/** `R` repeats for ever, `R3` three times. */
function parseTimes(text: string): number {
  if (text === 'R') return Number.POSITIVE_INFINITY;
  if (/^R[+-]?\d+$/.test(text)) return Number(text.slice(1));
  throw new TimerError(`For input string: "${text.slice(1)}"`);
}

/** The first of `times` steps from the start that is after now; the last one also when it is now. */
function nextFromStart(start: number, period: Period, times: number, now: number): number | null {
  const step = fixedLength(period);
  if (step !== null && step <= 0) return start < now ? null : start;
  let count = step === null ? 0 : Math.min(times, Math.max(0, Math.floor((now - start) / step)));
  let due = step === null ? start : start + count * step;
  for (; count < times && due <= now; count += 1) due = add(due, period);
  return due < now ? null : due;
}

/** The same with steps back from the end. */
function nextToEnd(end: number, period: Period, times: number, now: number): number | null {
  const step = fixedLength(period);
  if (step !== null && step <= 0) return end < now ? null : end;
  let due = end;
  let count = step === null ? 0 : Math.max(0, Math.min(times, Math.ceil((end - now) / step) - 1));
  if (step !== null) due -= count * step;
  for (let before = add(due, period, -1); count < times && before > now; count += 1) {
    due = before;
    before = add(before, period, -1);
  }
  return due < now ? null : due;
}

/** The fields of a period in the order in which they are added, as Java does. */
type Period = readonly (readonly [DurationUnit, number])[];

const PERIOD =
  /^P(?!$)(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?!$)(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d*)?)S)?)?$/;
const UNITS: readonly DurationUnit[] = [
  'years',
  'months',
  'weeks',
  'days',
  'hours',
  'minutes',
  'seconds',
];

/** @param isJoda whether weeks may stand beside other fields and fields may be negative, as in dates */
function parsePeriod(text: string, isJoda: boolean): Period {
  const match = PERIOD.exec(text);
  const isXml = !/[-W]/.test(text) || /^P\d+W$/.test(text);
  if (!match || !(isXml || isJoda)) throw new TimerError(`Invalid format: "${text}"`);
  return UNITS.flatMap((unit, index): Period => {
    const field = match[index + 1];
    if (field === undefined) return [];
    return unit === 'seconds'
      ? [['milliseconds', Math.trunc(Number((Number(field) * 1000).toFixed(3)))]]
      : [[unit, Number(field)]];
  });
}

function add(time: number, period: Period, sign = 1): number {
  let date = DateTime.fromMillis(time);
  for (const [unit, amount] of period) date = date.plus({ [unit]: sign * amount });
  if (!date.isValid) throw new TimerError('the date is out of range');
  return date.toMillis();
}

const LENGTHS: Readonly<Partial<Record<DurationUnit, number>>> = {
  hours: 3_600_000,
  minutes: 60_000,
  milliseconds: 1,
};

/** The milliseconds of a period that is equally long at any time; null when the calendar decides. */
function fixedLength(period: Period): number | null {
  let length = 0;
  for (const [unit, amount] of period) {
    const unitLength = LENGTHS[unit];
    if (unitLength === undefined) return null;
    length += amount * unitLength;
  }
  return length;
}

/** Joda's `dateTimeParser`: what is left out at the end is zero, and a number may be shorter than usual. */
const DATE =
  /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:T(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

function parseDate(text: string): number {
  const match = DATE.exec(text);
  const date = match ? exactDate(match) : otherDate(text);
  if (!date.isValid) throw new TimerError(`Invalid format: "${text}"`);
  return date.toMillis();
}

function exactDate([
  ,
  year,
  month,
  day,
  hour,
  minute,
  second,
  fraction,
  offset,
]: RegExpExecArray): DateTime {
  const fields = {
    year: Number(year),
    month: Number(month ?? 1),
    day: Number(day ?? 1),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    millisecond: Number((fraction ?? '').padEnd(3, '0').slice(0, 3)),
  };
  const zone =
    offset === 'Z' ? 'utc' : offset && `utc${offset.replace(/(\d{2})(\d{2})$/, '$1:$2')}`;
  return DateTime.fromObject(fields, zone ? { zone } : {});
}

/** Days of the year and weeks: 2026-334, 2026-W48-1. */
function otherDate(text: string): DateTime {
  const isIso = /^\d{4}-(?:\d{3}|W\d{2}(?:-\d)?)(?:T.*)?$/.test(text);
  return isIso ? DateTime.fromISO(text) : DateTime.invalid('format');
}

/**
 * The next time of a cron pattern with seconds, as Spring writes them (Sunday is 0 or 7); a seventh field for the year
 * is Quartz's. `L-3`, days before the end of the month, is not supported. Null when there is no such time.
 */
function cronDue(text: string, now: number): number | null {
  const pattern = text.trim().replaceAll('|', ',').replace('@midnight', '@daily');
  const mode = pattern.startsWith('@') ? '5-part' : '6-or-7-parts';
  const cron = new Cron(pattern, { mode, sloppyRanges: true, paused: true });
  return cron.nextRun(new Date(now))?.getTime() ?? null;
}
