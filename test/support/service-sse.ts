export interface SseEvent {
  id: number;
  type: string;
  data: { version: number; type: string; correlationId: string };
}

export interface EventSourceLike {
  status: number;
  contentType: string | null;
  /** What has come so far. */
  events: SseEvent[];
  /** Resolves when the server ends the answer, rejects when the connection breaks. */
  ended: Promise<void>;
  close(): void;
}

/** Follows a stream of Server-Sent Events as a browser would, without connecting again. */
export async function followEvents(
  url: string,
  lastEventId?: number,
  more: Record<string, string> = {},
): Promise<EventSourceLike> {
  const controller = new AbortController();
  const answer = await fetch(url, {
    headers: {
      accept: 'text/event-stream',
      ...more,
      ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
    },
    signal: controller.signal,
  });
  const events: SseEvent[] = [];
  const ended = read(answer, events);
  ended.catch(() => {});
  return {
    status: answer.status,
    contentType: answer.headers.get('content-type'),
    events,
    ended,
    close: () => controller.abort(),
  };
}

async function read(answer: Response, events: SseEvent[]): Promise<void> {
  if (!answer.body) return;
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) if (!block.startsWith(':')) events.push(parse(block));
  }
}

function parse(block: string): SseEvent {
  const fields = Object.fromEntries(
    block
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return {
    id: Number(fields.id),
    type: fields.event ?? '',
    data: JSON.parse(fields.data ?? 'null'),
  };
}
