import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isFinal } from '../../domain/events.ts';
import type { EventStore } from '../../domain/ports/event-store.ts';
import type { LogIds } from '../../domain/trace-context.ts';
import type { Waitroom } from '../../infrastructure/memory/waitroom.ts';
import type { Access } from '../access/access.ts';
import { publicEvent } from './schemas.ts';

/** A comment line every so often keeps proxies from closing a quiet connection, in milliseconds. */
const HEARTBEAT_MS = 15_000;

export interface Follow {
  request: FastifyRequest;
  reply: FastifyReply;
  correlationId: string;
  /** The version of the last event the caller has. */
  afterVersion: number;
  /** True when the process has ended: the answer ends with what there is. */
  ended: boolean;
}

export interface StreamFollower {
  /**
   * Sends the events of a stream as Server-Sent Events
   * (https://html.spec.whatwg.org/multipage/server-sent-events.html), those there are and those to
   * come, each once and in order, the version as its id; ends after the final event.
   */
  follow(options: Follow): void;
  /** Ends all answers: at the stop. Browsers connect again by themselves and go on where they were. */
  close(): void;
}

/**
 * Follows streams for callers. States that come by notification only say that there is something to
 * read, so a lost one delays events until the heartbeat, which reads too.
 */
export function createStreamFollower(ports: {
  eventStore: EventStore;
  waitroom: Waitroom;
  /** What a log line says of a process. */
  idsOf: (correlationId: string) => LogIds;
  access: Pick<Access, 'watch'>;
}): StreamFollower {
  const { eventStore, waitroom, idsOf, access } = ports;
  const open = new Set<ServerResponse>();
  let closed = false;

  function follow({ request, reply, correlationId, afterVersion, ended }: Follow): void {
    let last = afterVersion;
    let isLast = ended;
    let reading = false;
    let again = false;

    reply.hijack();
    const { raw } = reply;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
    raw.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache',
      'X-Accel-Buffering': 'no',
    });
    // The caller sees at once that it is connected, though there may be nothing to tell yet.
    raw.flushHeaders();
    // The stop may have come while the caller's stream was looked up.
    if (closed) {
      raw.end();
      return;
    }
    open.add(raw);
    // Watching before the first read: what is appended in between is read by one of the two.
    const unwatch = waitroom.watch(correlationId, () => void read());
    const unguard = access.watch(request.caller, () => raw.end());
    const heartbeat = setInterval(() => {
      raw.write(':\n\n');
      void read();
    }, HEARTBEAT_MS);
    raw.once('close', () => {
      open.delete(raw);
      unwatch();
      unguard();
      clearInterval(heartbeat);
    });
    void read();

    async function read(): Promise<void> {
      again = true;
      if (reading) return;
      reading = true;
      try {
        while (again && !raw.writableEnded && !raw.destroyed) {
          again = false;
          const events = await eventStore.readStream(correlationId, { afterVersion: last });
          if (raw.writableEnded) break;
          for (const event of events) {
            last = event.version;
            if (isFinal(event.type)) isLast = true;
            else if (event.type === 'process-retried') isLast = false;
            raw.write(
              `id: ${event.version}\nevent: ${event.type}\ndata: ${JSON.stringify(publicEvent(event))}\n\n`,
            );
          }
          if (isLast) raw.end();
        }
      } catch (error) {
        // The client connects again and goes on from its Last-Event-ID.
        request.log.warn({ ...idsOf(correlationId), err: error }, 'event stream ended');
        raw.end();
      } finally {
        reading = false;
      }
    }
  }

  return {
    follow,
    close() {
      closed = true;
      for (const raw of open) raw.end();
    },
  };
}
