/**
 * Waits for `work` no longer than that many milliseconds.
 *
 * @throws Error with this message when the time is up
 */
export async function inTime<T>(
  work: Promise<T> | T,
  timeoutMs: number,
  message = `no answer in ${timeoutMs} ms`,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, timeoutMs, new Error(message));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
