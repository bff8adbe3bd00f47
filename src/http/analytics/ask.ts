import type { FastifyReply } from 'fastify';
import { AnswerTooLargeError } from '../../../domain/common/index.ts';
import { sendProblem } from '../answers/problems.ts';
import { hungUpSignal } from '../waiting/caller-wait.ts';

/** Milliseconds that an answer may take. */
const TIME_LIMIT_MS = 120_000;

export type Ask = ReturnType<typeof createAsk>;

/**
 * Runs questions that may take long. They end with the caller who hangs up, or when their time is over; those that
 * read the events alone come one after the other, so that they leave room for all others.
 */
export function createAsk(timeLimitMs = TIME_LIMIT_MS) {
  let last: Promise<unknown> = Promise.resolve();

  /** Waits for its turn, if the signal does not end that. */
  async function inTurn<Answer>(run: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    const before = last;
    let done = (): void => {};
    last = new Promise<void>((resolve) => {
      // Whoever comes next waits for all before it.
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

  /** The answer, or null when there is nobody or nothing to send it to any more: then the reply is done. */
  return async function ask<Answer>(
    reply: FastifyReply,
    { exact }: { exact: boolean },
    run: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | null> {
    const hungUp = hungUpSignal(reply);
    const signal = AbortSignal.any([hungUp, AbortSignal.timeout(timeLimitMs)]);
    try {
      return await (exact ? inTurn(() => run(signal), signal) : run(signal));
    } catch (error) {
      if (hungUp.aborted) {
        reply.hijack();
        return null;
      }
      if (error instanceof AnswerTooLargeError) {
        const most = error.maxParts.toLocaleString('en');
        sendProblem(
          reply,
          'invalid-request',
          `The answer would be made of more than ${most} groups in buckets; ask for a longer bucket or a shorter range, for less in groupBy, or for some processes alone.`,
        );
        return null;
      }
      if (!signal.aborted) throw error;
      const seconds = Math.round(timeLimitMs / 1_000);
      sendProblem(
        reply,
        'invalid-request',
        `The answer takes more than the ${seconds} seconds there are for it; ask for a shorter range, or without exact=true.`,
      );
      return null;
    }
  };
}
