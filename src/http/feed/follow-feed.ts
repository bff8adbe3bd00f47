import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventFeed, FeedPosition, FeedSignal } from '../../../domain/feed/index.ts';
import { PIECE_BYTES, PIECE_EVENTS } from '../answers/answer-bytes.ts';
import { fedEvent } from '../schemas/event.ts';
import type { EventStreams } from '../streaming/event-streams.ts';
import { feedCursorOf } from './cursor.ts';
import type { Wanted } from './filter.ts';

/**
 * Sends the events behind a position as Server-Sent Events, those there are and those to come, with the cursor
 * behind each as its id. It reads on only when the caller has taken what it was sent.
 *
 * Resolves when it is over.
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
  let place = after;
  let told = '';
  const stream = streams.begin(request, reply, () => {
    if (place !== told && !stream.isFull()) void tellPlace();
  });
  // Before the first read: what is committed in between is seen by one of the two.
  const listener = signal.listen();
  stream.over.addEventListener('abort', listener.end);
  if (stream.over.aborted) listener.end();

  /** Where nothing fits for long, the caller still need not begin far back when it connects again. */
  async function tellPlace(): Promise<void> {
    told = place;
    await stream.send({ id: feedCursorOf(place, wanted) });
  }

  async function sendAll(): Promise<void> {
    for (;;) {
      const size = { limit: PIECE_EVENTS, maxBytes: PIECE_BYTES };
      const page = await feed.page({ after: place, ...size, ...wanted }, stream.over);
      for (const item of page.items) {
        const { position, event } = item;
        place = position;
        told = position;
        const id = feedCursorOf(position, wanted);
        await stream.send({ id, type: event.type, data: fedEvent(item) });
        if (stream.over.aborted) return;
      }
      place = page.lookedTo;
      if (page.atEnd || stream.over.aborted) return;
      if (page.items.length === 0) await tellPlace();
    }
  }

  try {
    // At once, or who began at the end and is cut off before the first event would begin at a later end.
    await tellPlace();
    do await sendAll();
    while (await listener.news());
  } catch (error) {
    // The caller connects again and goes on from its Last-Event-ID.
    if (!stream.over.aborted) request.log.warn({ err: error }, 'feed stream ended');
  } finally {
    listener.end();
    stream.end();
  }
}
