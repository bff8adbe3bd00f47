import { Pool } from 'undici';
import { INPUT, PROCESS_KEY } from './four-steps.ts';

/** A client of the service over HTTP. */
export interface Caller {
  /** Starts a process and waits for its result. Returns its correlation id. */
  startAndWait(): Promise<string>;
  /** Waits for an event of the bare server. Returns the time of the event on the monotonic clock. */
  waitForEvent(): Promise<number>;
  close(): Promise<void>;
}

const BODY = JSON.stringify({ processKey: PROCESS_KEY, variables: INPUT });

export function openCaller(url: string, connections: number): Caller {
  const pool = new Pool(url, { connections });

  async function post(path: string, body: string): Promise<unknown> {
    const answer = await pool.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) {
      throw new Error(`${path} was answered with ${answer.statusCode}: ${text}`);
    }
    return JSON.parse(text);
  }

  return {
    async startAndWait() {
      const { correlationId } = (await post('/api/process/start', BODY)) as {
        correlationId: string;
      };
      return correlationId;
    },
    async waitForEvent() {
      const { happenedAt } = (await post('/wait', '{}')) as { happenedAt: number };
      return happenedAt;
    },
    close: () => pool.close(),
  };
}
