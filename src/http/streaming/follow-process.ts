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

interface Follow {
  request: FastifyRequest;
  reply: FastifyReply;
  correlationId: string;
  /** The version of the last event the caller has. */
  afterVersion: number;
  /** True when the process has ended: the answer ends with what there is. */
  ended: boolean;
}

interface StreamFollower {
  /**
   * Sends the events of a stream as Server-Sent Events
   * (https://html.spec.whatwg.org/multipage/server-sent-events.html), those there are and those to
   * come, each once and in order, the version as its id; ends after the final event.
   */
  follow(options: Follow): void;
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
  streams: Pick<EventStreams, 'begin'>;
}): StreamFollower {
  const { eventStore, waitroom, idsOf, streams } = ports;

  function follow({ request, reply, correlationId, afterVersion, ended }: Follow): void {
    let last = afterVersion;
    let isLast = ended;
    let reading = false;
    let again = false;

    const stream = streams.begin(request, reply, () => void read());
    if (stream.over.aborted) return;
    // Watching before the first read: what is appended in between is read by one of the two.
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
        // The client connects again and goes on from its Last-Event-ID.
        request.log.warn({ ...idsOf(correlationId), err: error }, 'event stream ended');
        stream.end();
      } finally {
        reading = false;
      }
    }
  }

  return { follow };
}
