/**
 * Bytes of rows after which a page ends, whatever its `limit`: a page is in memory several times, and is
 * serialized while nothing else runs. A longer row is sent alone.
 */
export const PAGE_BYTES = 2_000_000;

/** Bytes that a streamed answer reads at once, and so keeps in memory for a caller who stops reading. */
export const PIECE_BYTES = 250_000;
/** Events that a streamed answer reads at once. */
export const PIECE_EVENTS = 100;
