import type { Notifier } from '../../domain/process/index.ts';
import { createListeners, type NotifierLog } from './listeners.ts';

/** A notifier for a single service instance: it notifies its own listeners only. */
export function createInProcessNotifier(log?: NotifierLog): Notifier {
  const listeners = createListeners(log);
  return {
    async publish(state) {
      listeners.notify(state);
    },
    subscribe: listeners.add,
    async close() {
      listeners.clear();
    },
  };
}
