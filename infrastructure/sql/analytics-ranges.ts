/** A part of a slice: whole buckets of a rollup, or (`grain` null) a time that only the events cover. */
export interface Piece {
  slice: number;
  /** Minutes of a bucket. */
  grain: number | null;
  /** Milliseconds since 1970; `to` is not in it. */
  from: number;
  to: number;
}

const MINUTE_MS = 60_000;

/**
 * Cuts each slice into as few buckets as possible: the longest in its middle, shorter ones towards its ends, and
 * the rest, shorter than any bucket, for the events.
 *
 * @param grains minutes of the buckets there are, the longest first, each a multiple of the next
 */
export function cutSlices(bounds: readonly number[], grains: readonly number[]): Piece[] {
  const pieces: Piece[] = [];
  for (let slice = 0; slice + 1 < bounds.length; slice++) {
    cut(slice, bounds[slice] as number, bounds[slice + 1] as number, 0);
  }
  return pieces;

  function cut(slice: number, from: number, to: number, at: number): void {
    if (from >= to) return;
    const grain = grains[at];
    if (grain === undefined) {
      pieces.push({ slice, grain: null, from, to });
      return;
    }
    const length = grain * MINUTE_MS;
    const first = Math.ceil(from / length) * length;
    const end = Math.floor(to / length) * length;
    if (first < end) {
      cut(slice, from, first, at + 1);
      pieces.push({ slice, grain, from: first, to: end });
      cut(slice, end, to, at + 1);
    } else {
      cut(slice, from, to, at + 1);
    }
  }
}
