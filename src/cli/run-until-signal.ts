/** Milliseconds within which a second signal counts as the first one delivered twice. */
const SAME_SIGNAL_MS = 1_000;
/** Milliseconds that what still runs after the stop has to end by itself. */
const LINGER_MS = 200;

/**
 * Runs until SIGINT or SIGTERM, then stops; a second signal ends the process at once.
 *
 * @param stop must resolve when everything is closed
 */
export async function runUntilSignal(stop: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const began = performance.now();
  // Ctrl-C reaches everything in the terminal, and npm hands its own on to what it runs.
  const killed = (): void => {
    if (performance.now() - began > SAME_SIGNAL_MS) process.exit(130);
  };
  process.on('SIGINT', killed);
  process.on('SIGTERM', killed);
  await stop();
  process.off('SIGINT', killed);
  process.off('SIGTERM', killed);
  // A step that does not heed its signal would keep the process for ever; its task was given back.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
