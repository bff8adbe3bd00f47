import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Client } from 'camunda-external-task-client-js';

export interface ClientOptions {
  baseUrl: string;
  username?: string;
  password?: string;
  /** Tasks that run at once. */
  concurrency: number;
  /** Milliseconds a task is locked; extended while it runs. */
  lockDurationMs: number;
  /**
   * Milliseconds the engine holds an empty poll. Camunda answers an open poll at once when a task is
   * created, but not when a failed task's pause or a lock is over: such a task waits for the next poll.
   */
  longPollMs: number;
}

/** The part of the client's insides that is steered here; it has no other handle for them. */
export interface ClientInternals {
  options: { interval: number };
  activeTasksCount: number;
}

interface RequestConfig {
  json?: { topics?: unknown };
  headers?: Record<string, string>;
  timeout?: { request: number };
  signal?: AbortSignal;
}

/** The poll may take this much longer than asked before the connection counts as dead. */
const POLL_GRACE_MS = 10_000;
const CALL_TIMEOUT_MS = 15_000;

/**
 * Camunda's own client, with what it leaves out: an id of its own for every worker, timeouts, and
 * signals that end its polls and its other calls.
 */
export function createClient(
  options: ClientOptions,
  signals: { polling: AbortSignal; calls: AbortSignal },
): Client & ClientInternals {
  const { baseUrl, username, password = '', concurrency, lockDurationMs, longPollMs } = options;
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  const client = new Client({
    baseUrl,
    // The default is the same for everybody: two instances would share their locks.
    workerId: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    maxTasks: concurrency,
    maxParallelExecutions: concurrency,
    interval: 0,
    lockDuration: lockDurationMs,
    asyncResponseTimeout: longPollMs,
    autoPoll: false,
    interceptors: <T>(config: T): T => {
      const given = config as RequestConfig;
      const isPoll = given.json?.topics !== undefined;
      return {
        ...config,
        headers: {
          ...given.headers,
          ...(username ? { authorization: `Basic ${basic}` } : {}),
        },
        // Without a timeout a half-open connection would hang the poll for ever.
        timeout: { request: isPoll ? longPollMs + POLL_GRACE_MS : CALL_TIMEOUT_MS },
        signal: isPoll ? signals.polling : signals.calls,
      };
    },
  });
  return client as Client & ClientInternals;
}
