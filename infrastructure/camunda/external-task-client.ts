import { Client } from 'camunda-external-task-client-js';
import { type EngineAuth, noAuth } from './engine-auth.ts';

export interface ClientOptions {
  baseUrl: string;
  /** Left out: none. */
  auth?: EngineAuth;
  /** Tasks that run at once. */
  concurrency: number;
  /** Milliseconds a task is locked; extended while it runs. */
  lockDurationMs: number;
  /**
   * Milliseconds the engine holds an empty poll. Camunda answers an open poll at once when a task is
   * created, but not when a failed task's pause or a lock is over: such a task waits for the next poll. It also
   * continues to lock tasks for a poll whose connection was cut, so a stop lets the open poll end. A second is short
   * enough for both, and costs an idle worker one call a second.
   */
  longPollMs: number;
}

/** The part of the client's insides that is steered here; it has no other handle for them. */
interface ClientInternals {
  options: { interval: number };
  activeTasksCount: number;
}

/** The parts of got, which the client calls, that its hooks are given. */
interface GotOptions {
  headers: Record<string, string | string[] | undefined>;
}
interface GotResponse {
  statusCode: number;
  request: { options: GotOptions };
}

/** The poll may take this much longer than asked before the connection counts as dead. */
const POLL_GRACE_MS = 10_000;

/**
 * Camunda's own client, which fetches the tasks, with what it leaves out: timeouts, a signal that ends its polls, and
 * tokens that change. Its calls about a task are not used: with those of `rest-client.ts`
 * the service takes 0.45 ms of CPU less for a process of four steps, of 4 (alternately, six runs).
 */
export function createClient(
  options: ClientOptions,
  { workerId, polling }: { workerId: string; polling: AbortSignal },
): Client & ClientInternals {
  const { baseUrl, auth = noAuth(), concurrency, lockDurationMs, longPollMs } = options;
  const hooks = authHooks(auth);
  const client = new Client({
    baseUrl,
    workerId,
    maxTasks: concurrency,
    maxParallelExecutions: concurrency,
    interval: 0,
    lockDuration: lockDurationMs,
    asyncResponseTimeout: longPollMs,
    autoPoll: false,
    interceptors: <T>(config: T): T => ({
      ...config,
      hooks,
      // Without a timeout a half-open connection would hang the poll for ever.
      timeout: { request: longPollMs + POLL_GRACE_MS },
      signal: polling,
    }),
  });
  // It looks topics up in a plain object, in which there is a "constructor" from the beginning.
  const internals = client as Client & ClientInternals & { topicSubscriptions: object };
  internals.topicSubscriptions = Object.create(null);
  return internals;
}

/**
 * The client's interceptors must answer at once, and a token may have to be fetched. What they give goes
 * to got as it is, though, and got waits for its hooks.
 *
 * https://github.com/sindresorhus/got/blob/main/documentation/9-hooks.md
 */
function authHooks(auth: EngineAuth) {
  return {
    beforeRequest: [
      async ({ headers }: GotOptions): Promise<void> => {
        const header = await auth.header();
        if (header !== undefined) headers.authorization = header;
      },
    ],
    afterResponse: [
      async <Response extends GotResponse>(
        response: Response,
        /** Makes the call again, without this hook. */
        again: (changes: GotOptions) => Response,
      ): Promise<Response> => {
        if (response.statusCode !== 401) return response;
        const { authorization } = response.request.options.headers;
        const refused = typeof authorization === 'string' ? authorization : undefined;
        const renewed = await auth.renewed(refused);
        return renewed === undefined ? response : again({ headers: { authorization: renewed } });
      },
    ],
  };
}
