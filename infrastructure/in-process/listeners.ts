import type { Log } from '../../domain/common/index.ts';
import type { ProcessState } from '../../domain/process/index.ts';

export type NotifierLog = Pick<Log, 'warn'>;

type Listener = (state: ProcessState) => void;

interface Listeners {
  notify(state: ProcessState): void;
  /** @returns a function that removes the listener */
  add(listener: Listener): () => void;
  clear(): void;
}

/** The listeners in this service instance; one that throws does not keep the state from the others. */
export function createListeners(log: NotifierLog | undefined): Listeners {
  const listeners = new Set<Listener>();
  return {
    notify(state) {
      for (const listener of listeners) {
        try {
          listener(state);
        } catch (error) {
          const { correlationId } = state;
          log?.warn({ err: error, correlationId }, 'a listener failed on a new state');
        }
      }
    },
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    clear: () => listeners.clear(),
  };
}
