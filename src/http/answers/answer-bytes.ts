/**
 * Bytes of an answer's rows at which a page ends, whatever its `limit`: so much is in memory several times, and is
 * turned into JSON while nothing else runs. A row that is longer comes by itself.
 */
export const PAGE_BYTES = 2_000_000;

/** Bytes that are read at once for what is sent bit by bit: what a caller costs who does not read on. */
export const PIECE_BYTES = 250_000;
/** And events. */
export const PIECE_EVENTS = 100;
