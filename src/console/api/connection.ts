import { useSyncExternalStore } from 'react';

const PROBE_INTERVAL_MS = 2_000;

const listeners = new Set<() => void>();
let isLost = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Every call reports whether the service answered, whatever it answered. */
export function reportAnswered(answered: boolean): void {
  if (isLost === !answered) return;
  isLost = !answered;
  for (const listener of listeners) listener();
  clearTimeout(timer);
  if (isLost) timer = setTimeout(probe, PROBE_INTERVAL_MS);
}

/** Asks whether the service answers: a stream that ended does not say why. */
export function probe(): void {
  fetch('/health/live').then(
    () => reportAnswered(true),
    () => {
      reportAnswered(false);
      clearTimeout(timer);
      timer = setTimeout(probe, PROBE_INTERVAL_MS);
    },
  );
}

/** Calls back when the service is lost, and when it answers again. */
export function onConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const isConnectionLost = (): boolean => isLost;

/** True while the service does not answer; it is probed until it does. */
export function useConnectionLost(): boolean {
  return useSyncExternalStore(onConnection, isConnectionLost);
}
