class StepTimeoutError extends Error {
  readonly code = 'STEP_TIMEOUT';
}

/**
 * Runs a handler until it settles, its time is up, or the service stops. A handler that ignores its signal is left
 * behind: its attempt is over all the same.
 *
 * @throws what the handler throws, a StepTimeoutError, or the reason of `stopping`
 */
export async function withTimeout<T>(
  timeoutMs: number,
  stopping: AbortSignal,
  handle: (signal: AbortSignal) => Promise<T> | T,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (): void => controller.abort(stopping.reason);
  stopping.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => {
    controller.abort(new StepTimeoutError(`the step took longer than ${timeoutMs} ms`));
  }, timeoutMs);
  // It listens before the handler does: that time is up says more than what a handler throws because of it.
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  try {
    return await Promise.race([handle(signal), aborted]);
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', stop);
  }
}
