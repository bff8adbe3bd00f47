import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventFeed, FeedPosition, FeedSignal } from '../../../domain/feed/index.ts';
import { PIECE_BYTES, PIECE_EVENTS } from '../answers/answer-bytes.ts';
import { fedEvent } from '../schemas/event.ts';
import type { EventStreams } from '../streaming/event-streams.ts';
import { feedCursorOf } from './cursor.ts';
import type { Wanted } from './filter.ts';

/**
 * Sends the events after a position as Server-Sent Events, present and future ones, each with the cursor after
 * it as its id. Reads more only when the caller has read what it was sent. Resolves when the stream is over.
 */
export async function followFeed({
  feed,
  signal,
  streams,
  request,
  reply,
  wanted,
  after,
}: {
  feed: Pick<EventFeed, 'page'>;
  signal: Pick<FeedSignal, 'listen'>;
  streams: EventStreams;
  request: FastifyRequest;
  reply: FastifyReply;
  wanted: Wanted;
  after: FeedPosition;
}): Promise<void> {
  let position = after;
  let sentPosition = '';
  const stream = streams.begin(request, reply, () => {
    if (position !== sentPosition && !stream.isFull()) void sendPosition();
  });
  // Registered before the first read: events that are committed in between are seen by one of the two.
  const listener = signal.listen();
  stream.over.addEventListener('abort', listener.end);
  if (stream.over.aborted) listener.end();

  /** So that a caller whose filter matches nothing for long does not start far back when it connects again. */
  async function sendPosition(): Promise<void> {
    sentPosition = position;
    await stream.send({ id: feedCursorOf(position, wanted) });
  }

  async function sendAll(): Promise<void> {
    for (;;) {
      const size = { limit: PIECE_EVENTS, maxBytes: PIECE_BYTES };
      const page = await feed.page({ after: position, ...size, ...wanted }, stream.over);
      for (const item of page.items) {
        position = item.position;
        sentPosition = position;
        const id = feedCursorOf(position, wanted);
        await stream.send({ id, type: item.event.type, data: fedEvent(item) });
        if (stream.over.aborted) return;
      }
      position = page.lookedTo;
      if (page.atEnd || stream.over.aborted) return;
      if (page.items.length === 0) await sendPosition();
    }
  }

  try {
    // At once: a caller that started at the end and is cut off before the first event would otherwise start at a
    // later end.
    await sendPosition();
    do await sendAll();
    while (await listener.news());
  } catch (error) {
    // The caller connects again and resumes from its Last-Event-ID.
    if (!stream.over.aborted) request.log.warn({ err: error }, 'feed stream ended');
  } finally {
    listener.end();
    stream.end();
  }
}
