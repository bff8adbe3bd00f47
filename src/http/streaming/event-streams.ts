import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Access } from '../../access/access.ts';
import { sendHead } from '../answers/head.ts';
import { createReaderPace, createReaders, type Reader, resetConnection } from './reader-pace.ts';

/** For the schema of an answer that may be one. */
export const EVENT_STREAM_CONTENT = {
  'text/event-stream': {
    schema: z.string().meta({
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

/** A comment line every so often keeps proxies from closing a quiet connection, in milliseconds. */
const HEARTBEAT_MS = 15_000;
/** Milliseconds that a caller may be behind: it is cut off then, connects again and goes on where it was. */
const PATIENCE_MS = 120_000;

/**
 * An answer of Server-Sent Events that goes on
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 */
interface EventStream {
  /** Aborted when it is over: the caller hung up, may no longer follow, or the service stops. */
  over: AbortSignal;
  /**
   * Sends an event, or without a type and data only the id to go on from: a browser remembers it and dispatches
   * nothing. Resolves when there is room for the next one, or it is over.
   */
  send(event: { id: string | number; type?: string; data?: unknown }): Promise<void>;
  /** Whether what was sent waits for the caller to take it. */
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
  /** Ends all of them: at the stop. Browsers connect again by themselves and go on where they were. */
  close(): void;
}

/**
 * What all event streams have in common, whatever they send.
 *
 * @param followers among whom one who does not read loses its place to somebody else
 */
export function createEventStreams(
  access: Pick<Access, 'watch'>,
  followers = createReaders(),
  heartbeatMs = HEARTBEAT_MS,
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
    // The caller sees at once that it is connected, though there may be nothing to tell yet.
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
    /** Bytes that the caller has still to take before it is sent more. */
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
      if (follower.pace.behindMs() >= PATIENCE_MS) follower.cutOff('it did not read for long');
      if (over.signal.aborted) return;
      // A caller who does not take what it was sent needs no keeping awake.
      if (!raw.writableNeedDrain) write(':\n\n');
      onBeat();
    }, heartbeatMs);
    const end = (): void => {
      over.abort();
      raw.end();
      // A caller who takes nothing may put it off for long.
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
    // The caller, or the stop, may have been faster than the look at what to send.
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
