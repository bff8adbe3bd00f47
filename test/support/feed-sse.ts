import type { EventBody } from './service-api.ts';

export interface FeedBlock {
  /** The cursor behind it. */
  id: string | undefined;
  type: string | undefined;
  /** None in a block that tells the place only. */
  data: EventBody | undefined;
}

export interface FeedStream {
  status: number;
  /** Everything that has come so far, heartbeats aside. */
  blocks: FeedBlock[];
  /** The events among them. */
  events(): EventBody[];
  /** What a browser would send when it connects again. */
  lastEventId(): string;
  ended: Promise<void>;
  close(): void;
}

/** Follows the feed as Server-Sent Events, without connecting again. */
export async function openFeed(url: string, lastEventId?: string): Promise<FeedStream> {
  const controller = new AbortController();
  const headers = {
    accept: 'text/event-stream',
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  };
  const answer = await fetch(url, { headers, signal: controller.signal });
  const blocks: FeedBlock[] = [];
  const ended = read(answer, blocks);
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

async function read(answer: Response, blocks: FeedBlock[]): Promise<void> {
  if (!answer.body) return;
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (!part.startsWith(':')) blocks.push(parse(part));
  }
}

function parse(block: string): FeedBlock {
  const fields: Record<string, string> = {};
  for (const line of block.split('\n')) {
    const at = line.indexOf(': ');
    fields[line.slice(0, at)] = line.slice(at + 2);
  }
  const { id, event: type, data } = fields;
  return { id, type, data: data === undefined ? undefined : JSON.parse(data) };
}
