import type { FastifyReply } from 'fastify';
import { AnswerTooLargeError } from '../../../domain/common/index.ts';
import { sendProblem } from '../answers/problems.ts';
import { hungUpSignal } from '../waiting/caller-wait.ts';

/** The longest time that a query may take. */
const QUERY_TIMEOUT_MS = 120_000;

export type Ask = ReturnType<typeof createAsk>;

/**
 * Runs queries that may take long. A query ends when its caller hangs up or its time is up. Queries that read the
 * events run one after the other, so that they leave room for all others.
 */
export function createAsk(timeoutMs = QUERY_TIMEOUT_MS) {
  let last: Promise<unknown> = Promise.resolve();

  /** Runs after all queries before it, unless the signal ends the wait. */
  async function inTurn<Answer>(run: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    const before = last;
    let done = (): void => {};
    last = new Promise<void>((resolve) => {
      // The next query waits for all before it.
      done = () => void before.then(() => resolve());
    });
    const gone = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    gone.catch(() => {});
    try {
      signal.throwIfAborted();
      await Promise.race([before, gone]);
      return await run();
    } finally {
      done();
    }
  }

  /** The answer, or null when the caller hung up or the reply was sent. */
  return async function ask<Answer>(
    reply: FastifyReply,
    { exact }: { exact: boolean },
    run: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | null> {
    const hungUp = hungUpSignal(reply);
    const signal = AbortSignal.any([hungUp, AbortSignal.timeout(timeoutMs)]);
    try {
      return await (exact ? inTurn(() => run(signal), signal) : run(signal));
    } catch (error) {
      if (hungUp.aborted) {
        reply.hijack();
        return null;
      }
      if (error instanceof AnswerTooLargeError) {
        const max = error.maxParts.toLocaleString('en');
        sendProblem(
          reply,
          'invalid-request',
          `The answer would have more than ${max} groups in buckets; ask for a longer bucket or a shorter range, for less in groupBy, or for some processes only.`,
        );
        return null;
      }
      if (!signal.aborted) throw error;
      const seconds = Math.round(timeoutMs / 1_000);
      sendProblem(
        reply,
        'invalid-request',
        `The query took longer than the limit of ${seconds} seconds; ask for a shorter range, or without exact=true.`,
      );
      return null;
    }
  };
}
