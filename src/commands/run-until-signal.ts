/**
 * Runs until SIGINT or SIGTERM, then stops; a second signal ends the process at once.
 *
 * @param stop must resolve when everything is closed
 */
export async function runUntilSignal(stop: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const killed = (): never => process.exit(130);
  process.once('SIGINT', killed);
  process.once('SIGTERM', killed);
  await stop();
  process.off('SIGINT', killed);
  process.off('SIGTERM', killed);
}
