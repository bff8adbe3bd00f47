import type { EventBody } from './service-api.ts';

export interface SseEvent {
  id: number;
  type: string;
  data: { version: number; type: string; correlationId: string };
}

export interface EventSourceLike {
  status: number;
  contentType: string | null;
  /** The events so far. */
  events: SseEvent[];
  /** Resolves when the server ends the answer, rejects when the connection breaks. */
  ended: Promise<void>;
  close(): void;
}

/** Follows a stream of Server-Sent Events as a browser does, but does not reconnect. */
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

export interface FeedBlock {
  /** The cursor after this block. */
  id: string | undefined;
  type: string | undefined;
  /** Missing in a block that has only the cursor. */
  data: EventBody | undefined;
}

export interface FeedStream {
  status: number;
  /** The blocks so far, without heartbeats. */
  blocks: FeedBlock[];
  /** The events among them. */
  events(): EventBody[];
  /** The `Last-Event-ID` that a browser would send when it reconnects. */
  lastEventId(): string;
  ended: Promise<void>;
  close(): void;
}

/** Follows the feed as Server-Sent Events and does not reconnect. */
export async function openFeed(url: string, lastEventId?: string): Promise<FeedStream> {
  const controller = new AbortController();
  const headers = {
    accept: 'text/event-stream',
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  };
  const answer = await fetch(url, { headers, signal: controller.signal });
  const blocks: FeedBlock[] = [];
  const ended = readBlocks(answer, blocks);
  ended.catch(() => {});
  return {
    status: answer.status,
    blocks,
    events: () => blocks.flatMap(({ data }) => data ?? []),
    lastEventId: () => blocks.findLast(({ id }) => id !== undefined)?.id ?? '',
    ended,
    close: () => controller.abort(),
  };
}

async function readBlocks(answer: Response, blocks: FeedBlock[]): Promise<void> {
  if (!answer.body) return;
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (!part.startsWith(':')) blocks.push(parseBlock(part));
  }
}

function parseBlock(block: string): FeedBlock {
  const fields: Record<string, string> = {};
  for (const line of block.split('\n')) {
    const at = line.indexOf(': ');
    fields[line.slice(0, at)] = line.slice(at + 2);
  }
  const { id, event: type, data } = fields;
  return { id, type, data: data === undefined ? undefined : JSON.parse(data) };
}
