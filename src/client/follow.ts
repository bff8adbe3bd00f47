import { backoff, type Call, isNetwork, type Send, sleep } from './call.ts';
import { UnavailableError } from './errors.ts';
import { readMessages } from './event-stream.ts';

/** An event of a stream, and the id that resumes behind it. */
export interface Followed<Event> {
  id: string;
  event: Event;
}

export interface FollowOptions {
  lastEventId?: string | null | undefined;
  onState?: ((isOpen: boolean) => void) | undefined;
}

/**
 * Follows a stream of server-sent events, across lost connections and restarts of the service: it resumes behind the last
 * event that arrived, so each comes once and in order. It ends when the service says that no more follow.
 *
 * @param options.lastEventId the id to resume behind; left out: from the beginning
 * @param options.onState called when the connection is open, and when it is lost
 */
export async function* follow<Event>(
  send: Send,
  call: Call,
  { lastEventId = null, onState }: FollowOptions = {},
): AsyncGenerator<Followed<Event>> {
  let id = lastEventId;
  for (let tried = 0; ; tried++) {
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(id === null ? {} : { 'last-event-id': id }),
      };
      const { response } = await send({ ...call, headers, stream: true });
      if (response.status === 204) return;
      onState?.(true);
      for await (const message of readMessages(response)) {
        if (message.id !== '') id = message.id;
        tried = 0;
        if (message.data !== '') yield { id: id ?? '', event: JSON.parse(message.data) as Event };
      }
    } catch (error) {
      call.signal?.throwIfAborted();
      // What follows may come tomorrow: it tries for ever.
      if (!isNetwork(error) && !(error instanceof UnavailableError)) throw error;
    }
    call.signal?.throwIfAborted();
    onState?.(false);
    await sleep(backoff(tried), call.signal);
  }
}
