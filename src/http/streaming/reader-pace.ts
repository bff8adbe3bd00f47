import type { ServerResponse } from 'node:http';

/** Bytes a second that every reader takes who is at work: less is nobody who reads. */
const LEAST_BYTES_PER_MS = 16_384 / 1_000;

/**
 * How far a reader is behind the pace of one who is at work. Only the time in which it is the reader's turn counts,
 * not that in which there is nothing to send yet.
 */
interface ReaderPace {
  /** Something was sent, and nothing more is until the reader has taken it. */
  sent(): void;
  /** It has taken so many bytes. */
  took(bytes: number): void;
  /** Milliseconds; 0: it reads. */
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
      behind = Math.max(0, behind + turn() - bytes / LEAST_BYTES_PER_MS);
      since = null;
    },
    behindMs: () => behind + turn(),
  };
}

/** Somebody who is sent something for long. */
export interface Reader {
  pace: ReaderPace;
  /** Ends the answer as a broken one, and frees its place at once. */
  cutOff(reason: string): void;
}

/** Milliseconds behind from which a place goes to somebody else who asks for one. */
const SLOW_MS = 5_000;

/** All who are sent something of a kind in this instance: who does not read must not keep out who does. */
export interface Readers {
  add(reader: Reader): void;
  delete(reader: Reader): void;
  size(): number;
  /** Cuts the slowest reader off, if it is slow. @returns whether there is a place now */
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
      let most = slowMs;
      for (const reader of readers) {
        const behind = reader.pace.behindMs();
        if (behind < most) continue;
        most = behind;
        slowest = reader;
      }
      slowest?.cutOff('it did not read, and somebody else asked for its place');
      return slowest !== undefined;
    },
  };
}

/**
 * Breaks an answer off by a reset: where its end is the end of the connection (HTTP/1.0, RFC 9112, 6.3) it would look
 * whole otherwise.
 */
export function resetConnection(raw: ServerResponse): void {
  const { socket } = raw;
  if (socket && !socket.destroyed) socket.resetAndDestroy();
  raw.destroy();
}
