import { type Analysis, isoIn, largestGroups, MAX_POINTS } from '../../../domain/rollups/index.ts';
import { type Range, tooManyPoints } from './range.ts';

/** The largest groups, each line with the start of its bucket, or why there are too many. */
export function largest<Group extends string>(
  analysis: Analysis<Group>,
  range: Range,
  limit: number,
) {
  const { lines, groups, truncated } = largestGroups(analysis.tallies, limit);
  const tooMany = range.bucket !== null && lines.length > MAX_POINTS;
  const startOf = range.bucket === null ? () => ({}) : startsOf(range);
  return {
    lines: tooMany ? [] : lines.map((line) => ({ ...line, start: startOf(line.slice) })),
    truncated,
    refusal: tooMany ? tooManyPoints(range, { groups, points: lines.length }) : null,
  };
}

/** The beginning of every answer: how it was made. */
export function madeOf(analysis: Analysis<string>, { from, to, timeZone, bucket }: Range) {
  const { source, asOf, eventsBehind } = analysis;
  const [since, until] = [from, to].map((ms) => new Date(ms).toISOString()) as [string, string];
  return { source, from: since, to: until, timeZone, bucket, asOf, eventsBehind };
}

/** The start of a bucket, in the time zone. */
export function startsOf({ bounds, timeZone }: Range): (slice: number) => { start: string } {
  const iso = isoIn(timeZone);
  return (slice) => ({ start: iso(bounds[slice] as number) });
}
