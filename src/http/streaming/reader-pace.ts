import type { ServerResponse } from 'node:http';

/** A caller that reads takes at least this many bytes; a slower one counts as not reading. */
const MIN_BYTES_PER_MS = 16_384 / 1_000;

/**
 * How far a reader is behind the minimum pace. Only the time in which it has something to read counts, not the time
 * in which there is nothing to send.
 */
interface ReaderPace {
  /** Something was sent; nothing more is sent until the reader has taken it. */
  sent(): void;
  /** The reader has taken these bytes. */
  took(bytes: number): void;
  /** How long the reader is behind; 0: it reads. */
  behindMs(): number;
}

export function createReaderPace(now: () => number = () => performance.now()): ReaderPace {
  let behind = 0;
  let since: number | null = null;
  const turn = (): number => (since === null ? 0 : now() - since);
  return {
    sent() {
      since ??= now();
    },
    took(bytes) {
      behind = Math.max(0, behind + turn() - bytes / MIN_BYTES_PER_MS);
      since = null;
    },
    behindMs: () => behind + turn(),
  };
}

/** A caller with a long answer. */
export interface Reader {
  pace: ReaderPace;
  /** Aborts the answer, and makes room at once. */
  cutOff(reason: string): void;
}

/** A reader this far behind is cut off when another caller needs room. */
const SLOW_MS = 5_000;

/** All readers of one kind in this service instance: those that do not read must not keep out others. */
export interface Readers {
  add(reader: Reader): void;
  delete(reader: Reader): void;
  size(): number;
  /** Cuts off the slowest reader, if it is slow. @returns whether there is room now */
  makeRoom(): boolean;
}

export function createReaders(slowMs = SLOW_MS): Readers {
  const readers = new Set<Reader>();
  return {
    add: (reader) => void readers.add(reader),
    delete: (reader) => void readers.delete(reader),
    size: () => readers.size,
    makeRoom() {
      let slowest: Reader | undefined;
      let longest = slowMs;
      for (const reader of readers) {
        const behind = reader.pace.behindMs();
        if (behind < longest) continue;
        longest = behind;
        slowest = reader;
      }
      slowest?.cutOff('the caller did not read, and another caller needed room');
      return slowest !== undefined;
    },
  };
}

/**
 * Aborts an answer by resetting its connection. Without a reset, an answer that ends with its connection (HTTP/1.0,
 * RFC 9112, 6.3) would look complete.
 */
export function resetConnection(raw: ServerResponse): void {
  const { socket } = raw;
  if (socket && !socket.destroyed) socket.resetAndDestroy();
  raw.destroy();
}
