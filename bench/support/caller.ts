import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { INPUT, PROCESS_KEY } from './four-steps.ts';

/** A client of the service over HTTP. */
export interface Caller {
  /** Starts a process and waits for its result. Returns its correlation id. */
  startAndWait(): Promise<string>;
  /** As `startAndWait`, on a busy service: starts again while that has no room, and waits for as long as it takes. */
  startUntilEnded(): Promise<void>;
  /** Reads this path; it is answered with 200, or with 503 while an overloaded engine is not ready. */
  read(path: string): Promise<void>;
  /** Starts a process of this key without waiting. */
  start(processKey: string): Promise<void>;
  /** Waits for an event of the bare server. Returns the time of the event on the monotonic clock. */
  waitForEvent(): Promise<number>;
  close(): Promise<void>;
}

const START = '/api/process/start';
const BODY = startOf(PROCESS_KEY);
/** Delay before a start that was refused is sent again. */
const START_AGAIN_DELAY_MS = 20;

/** @param key sent as bearer token */
export function openCaller(url: string, connections: number, key?: string): Caller {
  const pool = new Pool(url, { connections });

  /** @throws Error for an answer with another status than the expected ones */
  async function call(
    path: string,
    expected: readonly number[],
    request: { body?: string; prefer?: string },
  ): Promise<{ status: number; answer: unknown }> {
    const { body, prefer } = request;
    const { statusCode, body: stream } = await pool.request({
      method: body === undefined ? 'GET' : 'POST',
      path,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(prefer === undefined ? {} : { prefer }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: body ?? null,
    });
    const text = await stream.text();
    if (!expected.includes(statusCode)) {
      throw new Error(`${path} was answered with ${statusCode}: ${text}`);
    }
    return { status: statusCode, answer: JSON.parse(text) };
  }

  return {
    async startAndWait() {
      const { answer } = await call(START, [200], { body: BODY });
      return (answer as { correlationId: string }).correlationId;
    },
    async startUntilEnded() {
      let started = await call(START, [200, 202, 503], { body: BODY });
      while (started.status === 503) {
        await sleep(START_AGAIN_DELAY_MS);
        started = await call(START, [200, 202, 503], { body: BODY });
      }
      let { status } = started;
      const { correlationId } = started.answer as { correlationId: string };
      while (status === 202) {
        const path = `/api/process/status/${correlationId}`;
        status = (await call(path, [200, 202], { prefer: 'wait=25' })).status;
      }
    },
    async read(path) {
      await call(path, [200, 503], {});
    },
    async start(processKey) {
      await call(START, [202], { body: startOf(processKey), prefer: 'respond-async' });
    },
    async waitForEvent() {
      const { answer } = await call('/wait', [200], { body: '{}' });
      return (answer as { happenedAt: number }).happenedAt;
    },
    close: () => pool.close(),
  };
}

function startOf(processKey: string): string {
  return JSON.stringify({ processKey, variables: INPUT });
}
