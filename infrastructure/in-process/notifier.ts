import type { Notifier } from '../../domain/process/index.ts';
import { createListeners, type NotifierLog } from './listeners.ts';

/** Tells the listeners of this process: enough when it is the only one. */
export function createInProcessNotifier(log?: NotifierLog): Notifier {
  const listeners = createListeners(log);
  return {
    async publish(state) {
      listeners.tell(state);
    },
    subscribe: listeners.add,
    async close() {
      listeners.clear();
    },
  };
}
