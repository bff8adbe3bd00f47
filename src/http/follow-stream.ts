import type { FastifyReply, FastifyRequest } from 'fastify';
import { isFinal } from '../../domain/events.ts';
import type { EventStore } from '../../domain/ports.ts';
import type { Waitroom } from '../../infrastructure/memory/waitroom.ts';
import { publicEvent } from './schemas.ts';

/** A comment line every so often keeps proxies from closing a quiet connection, in milliseconds. */
const HEARTBEAT_MS = 15_000;

/**
 * Sends the events of a stream as Server-Sent Events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html), those there are and those to
 * come, each once and in order, the version as its id; ends after the final event. States that come
 * by notification only say that there is something to read, so a lost one delays events until the
 * heartbeat, which reads too.
 */
export function followStream(options: {
  request: FastifyRequest;
  reply: FastifyReply;
  correlationId: string;
  afterVersion: number;
  eventStore: EventStore;
  waitroom: Waitroom;
}): void {
  const { request, reply, correlationId, eventStore, waitroom } = options;
  let last = options.afterVersion;
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
  // Watching before the first read: what is appended in between is read by one of the two.
  const unwatch = waitroom.watch(correlationId, () => void read());
  const heartbeat = setInterval(() => {
    raw.write(':\n\n');
    void read();
  }, HEARTBEAT_MS);
  raw.once('close', () => {
    unwatch();
    clearInterval(heartbeat);
  });
  void read();

  async function read(): Promise<void> {
    again = true;
    if (reading) return;
    reading = true;
    try {
      while (again && !raw.destroyed) {
        again = false;
        const events = await eventStore.readStream(correlationId, { afterVersion: last });
        for (const event of events) {
          last = event.version;
          raw.write(
            `id: ${event.version}\nevent: ${event.type}\ndata: ${JSON.stringify(publicEvent(event))}\n\n`,
          );
        }
        if (events.some((event) => isFinal(event.type))) raw.end();
      }
    } catch (error) {
      // The client connects again and goes on from its Last-Event-ID.
      request.log.warn({ err: error, correlationId }, 'event stream ended');
      raw.end();
    } finally {
      reading = false;
    }
  }
}
