import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LogIds } from '../../../domain/common/index.ts';
import {
  type EventStore,
  isFinal,
  publicEvent,
  type Waitroom,
} from '../../../domain/process/index.ts';
import { PIECE_BYTES, PIECE_EVENTS } from '../answers/answer-bytes.ts';
import type { EventStreams } from './event-streams.ts';

/**
 * Sends the events of a stream as Server-Sent Events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html), present and future ones, each once and in
 * order, with the version as its id; ends after the final event.
 *
 * A notification only signals that there is something to read, so a lost one delays events until the heartbeat, which
 * reads too.
 */
export function followProcess({
  eventStore,
  waitroom,
  idsOf,
  streams,
  request,
  reply,
  correlationId,
  afterVersion,
  ended,
}: {
  eventStore: EventStore;
  waitroom: Waitroom;
  /** The ids that log lines about a process show. */
  idsOf: (correlationId: string) => LogIds;
  streams: Pick<EventStreams, 'begin'>;
  request: FastifyRequest;
  reply: FastifyReply;
  correlationId: string;
  /** The version of the last event the caller has. */
  afterVersion: number;
  /** True when the process has ended: the answer ends with the last event. */
  ended: boolean;
}): void {
  let last = afterVersion;
  let isLast = ended;
  let reading = false;
  let again = false;

  const stream = streams.begin(request, reply, () => void read());
  if (stream.over.aborted) return;
  // Registered before the first read: events that are appended in between are read by one of the two.
  const unwatch = waitroom.watch(correlationId, () => void read());
  stream.over.addEventListener('abort', unwatch);
  void read();

  async function read(): Promise<void> {
    again = true;
    if (reading) return;
    reading = true;
    try {
      while (again && !stream.over.aborted) {
        again = false;
        const page = await eventStore.pageStream(correlationId, {
          afterVersion: last,
          limit: PIECE_EVENTS,
          maxBytes: PIECE_BYTES,
        });
        for (const event of page.items) {
          last = event.version;
          if (isFinal(event.type)) isLast = true;
          else if (event.type === 'process-retried') isLast = false;
          await stream.send({ id: event.version, type: event.type, data: publicEvent(event) });
          if (stream.over.aborted) return;
        }
        if (!page.atEnd) again = true;
        else if (isLast) stream.end();
      }
    } catch (error) {
      // The caller connects again and resumes from its Last-Event-ID.
      request.log.warn({ ...idsOf(correlationId), err: error }, 'event stream ended');
      stream.end();
    } finally {
      reading = false;
    }
  }
}
