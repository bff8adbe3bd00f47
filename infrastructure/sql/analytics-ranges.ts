/** A part of a slice: whole buckets of a rollup, or (`grain` null) a time that only the events cover. */
export interface Piece {
  slice: number;
  /** Minutes of a bucket. */
  grain: number | null;
  /** Milliseconds since 1970; `to` is not in it. */
  from: number;
  to: number;
}

/** One or several pieces that are read together; `slice` null: of several. */
export type Stretch = Omit<Piece, 'slice'> & { slice: number | null };

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

/**
 * Joins adjacent pieces of one bucket each, also across the ends of slices: the reader of its rows finds the slice
 * by the bucket. `slice` is null then.
 */
export function joinBuckets(pieces: readonly Piece[]): Stretch[] {
  const joined: Stretch[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    const isBucket = piece.to - piece.from === (piece.grain ?? 0) * MINUTE_MS;
    if (isBucket && last?.slice === null && last.to === piece.from && last.grain === piece.grain) {
      last.to = piece.to;
    } else {
      joined.push({ ...piece, slice: isBucket ? null : piece.slice });
    }
  }
  return joined;
}

/** The slice that a time is in, by halves. */
export function sliceOf(bounds: readonly number[], time: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] as number) <= time) low = middle;
    else high = middle;
  }
  return low;
}
