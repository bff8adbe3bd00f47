import { type Answer, type ClientOptions, createSend, sleep } from './call.ts';
import { ProblemError, resultOf } from './errors.ts';
import { consumeFeed, type FeedOptions, type HandleBatch } from './feed.ts';
import { type Followed, type FollowOptions, follow } from './follow.ts';
import type {
  AnyTypes,
  KeyOf,
  ProcessEvent,
  ProcessState,
  ResultOf,
  Started,
  StartOptions,
  VariablesOf,
} from './types.ts';

/** Calls the service. */
export interface Client<Types = AnyTypes> {
  /**
   * Starts a process, and waits for its end as long as one call may. It may be sent several times, and starts once.
   *
   * @throws ProcessError when it ended in an error, ProblemError when it was refused, UnavailableError
   */
  start<Key extends KeyOf<Types>>(
    processKey: Key,
    variables: VariablesOf<Types, Key>,
    options?: StartOptions,
  ): Promise<Started<ResultOf<Types, Key>>>;
  /** Starts a process and waits for its end, however long that takes, or until the signal fires. @throws as `start` */
  startAndWait<Key extends KeyOf<Types>>(
    processKey: Key,
    variables: VariablesOf<Types, Key>,
    options?: Omit<StartOptions, 'wait'>,
  ): Promise<ResultOf<Types, Key>>;
  /** Waits for the end of a process. @throws ProcessError when that is an error */
  waitFor<Result = unknown>(
    correlationId: string,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<Result>;
  /** The state of a process; with `wait`, when it has ended, or after so many seconds. */
  status<Result = unknown>(
    correlationId: string,
    options?: { wait?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<ProcessState<Result>>;
  /** Ends a process. @throws ProblemError when it has ended in another way */
  cancel(correlationId: string, reason: string): Promise<ProcessState>;
  /** The events of a process, past and future ones, each once, until it has ended. */
  events(
    correlationId: string,
    options?: { afterVersion?: number | undefined; signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<ProcessEvent>;
  /** Follows any event stream of the service, each event with the id that resumes behind it. */
  follow<Event>(
    path: string,
    options?: FollowOptions & { signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<Followed<Event>>;
  /** Handles the events of all processes, each at least once and in order, until the signal fires. */
  feed(options: FeedOptions, handle: HandleBatch): Promise<void>;
}

/** Seconds of a long poll. */
const POLL_S = 20;
/** Pause after a poll that did not wait, in milliseconds. */
const MIN_POLL_MS = 250;

/** Creates a client. With the types of the processes of a service, variables and results are checked by the compiler. */
export function createClient<Types = AnyTypes>(options: ClientOptions): Client<Types> {
  const send = createSend(options);

  async function start<Key extends KeyOf<Types>>(
    processKey: Key,
    variables: VariablesOf<Types, Key>,
    { correlationId = crypto.randomUUID(), wait, startAt, callback, signal }: StartOptions = {},
  ): Promise<Started<ResultOf<Types, Key>>> {
    const headers: Record<string, string> = {};
    if (wait !== undefined) headers.prefer = wait ? `wait=${wait}` : 'respond-async';
    const body = {
      processKey,
      correlationId,
      variables,
      startAt: startAt instanceof Date ? startAt.toISOString() : startAt,
      callback,
    };
    const answer = await send({
      method: 'POST',
      path: '/api/process/start',
      headers,
      body,
      signal,
    });
    return answer.body as Started<ResultOf<Types, Key>>;
  }

  async function status<Result>(
    correlationId: string,
    { wait, signal }: { wait?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<ProcessState<Result>> {
    const { body } = await send({
      path: `/api/process/status/${encodeURIComponent(correlationId)}`,
      headers: wait ? { prefer: `wait=${wait}` } : {},
      signal,
    });
    return body as ProcessState<Result>;
  }

  async function waitFor<Result>(
    correlationId: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Result> {
    for (;;) {
      const asked = Date.now();
      const state = await status<Result>(correlationId, { wait: POLL_S, signal });
      if (state.status !== 'pending') return resultOf(state);
      // A service that stops lets nobody wait.
      await sleep(Math.max(0, MIN_POLL_MS - (Date.now() - asked)), signal);
    }
  }

  return {
    start,
    async startAndWait(processKey, variables, options = {}) {
      const started = await start(processKey, variables, options);
      if (started.status === 'ok') return started.result;
      return waitFor(started.correlationId, options);
    },
    waitFor,
    status,
    async cancel(correlationId, reason) {
      const path = `/api/process/${encodeURIComponent(correlationId)}/cancel`;
      const { body }: Answer = await send({ method: 'POST', path, body: { reason } });
      return body as ProcessState;
    },
    async *events(correlationId, { afterVersion, signal } = {}) {
      const path = `/api/process/${encodeURIComponent(correlationId)}/events`;
      const lastEventId = afterVersion === undefined ? null : String(afterVersion);
      const all = follow<ProcessEvent>(send, { path, signal }, { lastEventId });
      for await (const { event } of all) yield event;
    },
    follow: (path, { signal, ...options } = {}) => follow(send, { path, signal }, options),
    feed: (options, handle) => consumeFeed(send, options, handle),
  };
}

/** Whether an error says that there is no such process. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ProblemError && error.status === 404;
}
