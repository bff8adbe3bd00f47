import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '../../access/access.ts';
import { sendHead } from '../answers/head.ts';
import { text } from '../schemas/fields.ts';
import { createReaderPace, createReaders, type Reader, resetConnection } from './reader-pace.ts';

/** For the schema of an answer that may be an event stream. */
export const EVENT_STREAM_CONTENT = {
  'text/event-stream': {
    schema: text.meta({
      examples: [
        'id: 4\nevent: step-completed\ndata: {"correlationId":"order-4711","version":4,…}\n\n',
      ],
    }),
  },
};

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache',
  'X-Accel-Buffering': 'no',
};

/** A comment line at this interval keeps proxies from closing a quiet connection. */
const HEARTBEAT_INTERVAL_MS = 15_000;
/** A caller that is behind for this long is cut off; it can connect again and resume. */
const READ_TIMEOUT_MS = 120_000;

/** An open answer of Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
interface EventStream {
  /** Aborted when the stream is over: the caller hung up, lost its access, or the service stops. */
  over: AbortSignal;
  /**
   * Sends an event, or without a type and data only the id to resume from: a browser remembers it and dispatches
   * nothing. Resolves when there is room for the next event, or the stream is over.
   */
  send(event: { id: string | number; type?: string; data?: unknown }): Promise<void>;
  /** Whether the caller has still to read what was sent. */
  isFull(): boolean;
  end(): void;
}

export interface EventStreams {
  /**
   * Begins the answer.
   *
   * @param onBeat is called at each heartbeat
   */
  begin(request: FastifyRequest, reply: FastifyReply, onBeat: () => void): EventStream;
  /** Answers a HEAD: the headers of an event stream. */
  head(reply: FastifyReply): FastifyReply;
  /** Ends all streams, at the stop. Browsers connect again by themselves and resume. */
  close(): void;
}

/**
 * What all event streams have in common, whatever they send.
 *
 * @param followers all callers that follow; one that does not read is cut off when another caller needs room
 */
export function createEventStreams(
  access: Pick<Access, 'watch'>,
  followers = createReaders(),
  heartbeatMs = HEARTBEAT_INTERVAL_MS,
): EventStreams {
  const open = new Set<() => void>();
  let closed = false;

  function begin(request: FastifyRequest, reply: FastifyReply, onBeat: () => void): EventStream {
    reply.hijack();
    const { raw } = reply;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
    raw.writeHead(200, HEADERS);
    // The caller sees at once that it is connected, although there may be no event yet.
    raw.flushHeaders();
    const over = new AbortController();
    const follower: Reader = {
      pace: createReaderPace(),
      cutOff(reason) {
        followers.delete(follower);
        over.abort();
        resetConnection(raw);
        request.log.info({ reason }, 'an event stream was cut off');
      },
    };
    followers.add(follower);
    /** Bytes that the caller has still to read before it is sent more. */
    let waiting = 0;
    const write = (text: string): boolean => {
      waiting += Buffer.byteLength(text);
      const hasRoom = raw.write(text);
      if (hasRoom) waiting = 0;
      else follower.pace.sent();
      return hasRoom;
    };
    raw.on('drain', () => {
      follower.pace.took(waiting);
      waiting = 0;
    });
    const heartbeat = setInterval(() => {
      if (follower.pace.behindMs() >= READ_TIMEOUT_MS)
        follower.cutOff('the caller did not read for too long');
      if (over.signal.aborted) return;
      // A connection with unread data needs no heartbeat.
      if (!raw.writableNeedDrain) write(':\n\n');
      onBeat();
    }, heartbeatMs);
    const end = (): void => {
      over.abort();
      raw.end();
      // A caller that does not read delays the end.
      follower.pace.sent();
    };
    const unguard = access.watch(request.caller, end);
    open.add(end);
    const onClose = (): void => {
      open.delete(end);
      followers.delete(follower);
      unguard();
      clearInterval(heartbeat);
      over.abort();
    };
    raw.once('close', onClose);
    // The caller may have hung up, or the service stopped, during the look-ups before.
    if (raw.destroyed) onClose();
    else if (closed) end();
    return {
      over: over.signal,
      end,
      isFull: () => raw.writableNeedDrain,
      async send({ id, type, data }) {
        if (over.signal.aborted) return;
        const event = type ? `event: ${type}\ndata: ${JSON.stringify(data)}\n` : '';
        if (write(`id: ${id}\n${event}\n`)) return;
        await once(raw, 'drain', { signal: over.signal }).catch((error: unknown) => {
          if (!over.signal.aborted) throw error;
        });
      },
    };
  }

  return {
    begin,
    head: (reply) => sendHead(reply.headers(HEADERS)),
    close() {
      closed = true;
      for (const end of open) end();
    },
  };
}
