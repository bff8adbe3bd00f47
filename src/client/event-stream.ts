/** A message of a stream of server-sent events. */
export interface Message {
  /** Of the last message that had one. */
  id: string;
  data: string;
}

/** The service sends a heartbeat more often than this; without one the connection is dead. */
const SILENCE_MS = 60_000;

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). A message without data
 * only moves the id.
 *
 * @throws when the connection breaks, or nothing arrives for a minute
 */
export async function* readMessages(answer: Response): AsyncGenerator<Message> {
  if (!answer.body) return;
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let id = '';
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read());
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      text = lines.pop() ?? '';
      for (const line of lines) {
        const [, field = '', content = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
        if (field === 'id') id = content;
        else if (field === 'data') data.push(content);
        if (line !== '') continue;
        yield { id, data: data.join('\n') };
        data = [];
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function inTime<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TypeError('the event stream is silent')), SILENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
