class StepTimeoutError extends Error {
  readonly code = 'STEP_TIMEOUT';
}

/**
 * Runs a handler until it settles, its time is up, or the service stops. A handler that ignores its signal is left
 * behind: its attempt is over all the same.
 *
 * @param handle gets what makes the signal; most handlers need none
 * @throws what the handler throws, a StepTimeoutError, or the reason of `stopping`
 */
export async function withTimeout<T>(
  timeoutMs: number,
  stopping: AbortSignal,
  handle: (signal: () => AbortSignal) => Promise<T> | T,
): Promise<T> {
  let controller: AbortController | undefined;
  let over: { reason: unknown } | undefined;
  let reject: (reason: unknown) => void = () => {};
  const aborted = new Promise<never>((_resolve, rejectIt) => {
    reject = rejectIt;
  });
  aborted.catch(() => {});
  const abort = (reason: unknown): void => {
    over = { reason };
    // Before the handler hears it: that time is up says more than what a handler throws because of it.
    reject(reason);
    controller?.abort(reason);
  };
  const signal = (): AbortSignal => {
    controller ??= new AbortController();
    if (over) controller.abort(over.reason);
    return controller.signal;
  };
  const stop = (): void => abort(stopping.reason);
  stopping.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => {
    abort(new StepTimeoutError(`the step took longer than ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    return await Promise.race([handle(signal), aborted]);
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', stop);
  }
}
