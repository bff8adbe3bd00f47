import type { Notifier } from '../../domain/ports.ts';
import type { ProcessState } from '../../domain/process.ts';

/** Tells the listeners of this process: enough when it is the only one. */
export function createInProcessNotifier(): Notifier {
  const listeners = new Set<(state: ProcessState) => void>();
  return {
    async publish(state) {
      for (const listener of listeners) listener(state);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      listeners.clear();
    },
  };
}
