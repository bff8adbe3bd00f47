import { randomBytes, randomUUID } from 'node:crypto';
import { type Dispatcher, Pool } from 'undici';
import { answerCalls } from '../support/child.ts';
import { FAILING_KEY, INPUT, PROCESS_KEY, WAITING_KEY } from '../support/four-steps.ts';

const PACE_INTERVAL_MS = 20;
const CONNECTIONS = 128;
const MAX_OPEN = 64;
const START = '/api/process/start';
/** A caller who hangs up does so after this time. */
const HANG_UP_MS = 20;

/** What is read of an answer. */
interface Answer {
  correlationId?: string;
  status?: unknown;
}

interface Load {
  stop(): Promise<Record<string, number>>;
}

let load: Load | undefined;

/** Starts processes at an even rate, in all the ways that callers have, with reads and mistakes between them. */
const calls = {
  start(options: { url: string; key: string; perSecond: number }): void {
    load = startLoad(options);
  },
  /** How often each answer was given. */
  stop: async (_params: object): Promise<Record<string, number>> => (await load?.stop()) ?? {},
};

function startLoad({ url, key, perSecond }: { url: string; key: string; perSecond: number }): Load {
  const pool = new Pool(url, { connections: CONNECTIONS });
  const answers: Record<string, number> = {};
  const open = new Set<Promise<void>>();
  let turn = 0;
  let sent = 0;
  const began = performance.now();

  /** @returns the answer, the beginning of a stream or of one that hangs up as well */
  async function call(
    method: Dispatcher.HttpMethod,
    path: string,
    given: { headers?: Record<string, string>; body?: object; hangUpAfterMs?: number } = {},
  ): Promise<Answer> {
    const { headers, body, hangUpAfterMs } = given;
    const signal = hangUpAfterMs === undefined ? undefined : AbortSignal.timeout(hangUpAfterMs);
    try {
      const answer = await pool.request({
        ...{ method, path, ...(signal ? { signal } : {}) },
        headers: {
          authorization: `Bearer ${key}`,
          // Behind a proxy, so that there are many addresses.
          'x-forwarded-for': `10.${randomBytes(3).join('.')}`,
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...headers,
        },
        body: body ? JSON.stringify(body) : null,
      });
      const text = await answer.body.text();
      count(String(answer.statusCode));
      return text.startsWith('{') ? (JSON.parse(text) as Answer) : {};
    } catch (error) {
      count(signal?.aborted ? 'hung up' : (error as Error).name);
      return {};
    }
  }

  function count(answer: string): void {
    answers[answer] = (answers[answer] ?? 0) + 1;
  }

  const start = (processKey: string, headers: Record<string, string> = {}, more: object = {}) =>
    call('POST', START, { headers, body: { processKey, variables: INPUT, ...more } });
  const async = { prefer: 'respond-async' };

  async function startOne(kind: number): Promise<void> {
    if (kind < 60) await startAndComeBack();
    else if (kind < 80) await start(PROCESS_KEY);
    else if (kind < 85) await startTwice();
    else if (kind < 90) await start(PROCESS_KEY, { ...async, 'idempotency-key': randomUUID() });
    else if (kind < 94) await startAndRead();
    else if (kind < 96) await start(FAILING_KEY, async);
    else if (kind < 97) await startAndCancel();
    else if (kind < 98) await call('POST', START, hangingUp({ processKey: PROCESS_KEY }));
    else await startAndFollow();
  }

  /** Asks later, until it has ended: so what is open says what the service has in hand. */
  async function startAndComeBack(): Promise<void> {
    const { correlationId } = await start(PROCESS_KEY, async);
    if (correlationId === undefined) return;
    const path = `/api/process/status/${correlationId}`;
    const headers = { prefer: 'wait=600' };
    while ((await call('GET', path, { headers })).status === 'pending');
  }

  const hangingUp = (body: object) => ({
    body: { variables: INPUT, ...body },
    hangUpAfterMs: HANG_UP_MS,
  });

  async function startTwice(): Promise<void> {
    const correlationId = randomUUID();
    await Promise.all([1, 2].map(() => start(PROCESS_KEY, {}, { correlationId })));
  }

  async function startAndRead(): Promise<void> {
    const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
    const { correlationId } = await start(PROCESS_KEY, { ...async, traceparent });
    await call('GET', `/api/process/status/${correlationId}`, { headers: { prefer: 'wait=20' } });
    await call('GET', `/api/process/${correlationId}/events`);
    await call('GET', `/api/process/status/${correlationId}?at=2`);
  }

  async function startAndCancel(): Promise<void> {
    const { correlationId } = await start(WAITING_KEY, async);
    await call('POST', `/api/process/${correlationId}/cancel`, { body: {} });
  }

  async function startAndFollow(): Promise<void> {
    const { correlationId } = await start(PROCESS_KEY, async);
    const headers = { accept: 'text/event-stream' };
    await call('GET', `/api/process/${correlationId}/events`, { headers, hangUpAfterMs: 500 });
  }

  /** Reads, and what callers get wrong. */
  const others: readonly (() => Promise<unknown>)[] = [
    () => call('GET', '/api/process?limit=20'),
    () => call('GET', '/api/process?status=error&limit=5'),
    () => call('GET', `/api/process/status/${randomUUID()}`),
    () => start(`unknown-${randomUUID()}`),
    () => call('GET', '/api/process', { headers: { authorization: `Bearer ${randomUUID()}` } }),
    () => call('POST', START, { body: { processKey: PROCESS_KEY, variables: { userId: 1 } } }),
    () => call('GET', '/api/events?limit=50'),
    () => call('GET', `/no/${randomUUID()}`),
    () => call('GET', '/api/analytics/steps?bucket=hour'),
    () => call('GET', `/api/event-log/${randomUUID()}`),
    () => call('GET', '/api/definitions'),
    () => call('GET', '/metrics'),
    () => call('GET', '/health/ready'),
  ];

  function send(work: Promise<unknown>): void {
    const done = work.then(
      () => void open.delete(done),
      () => void open.delete(done),
    );
    open.add(done);
  }

  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1_000) * perSecond;
    // A machine that has become slower gets no flood.
    for (; sent < due; sent++) {
      if (open.size >= MAX_OPEN) continue;
      const at = turn++;
      send(startOne(at % 100));
      const other = at % 20 === 0 ? others[(at / 20) % others.length] : undefined;
      if (other) send(other());
    }
  }, PACE_INTERVAL_MS);

  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      await pool.close();
      return answers;
    },
  };
}

export type MixedLoad = typeof calls;
answerCalls(calls);
