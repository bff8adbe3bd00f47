import type { ProcessState } from '../../domain/process/index.ts';

export interface NotifierLog {
  warn(fields: object, message: string): void;
}

type Listener = (state: ProcessState) => void;

export interface Listeners {
  tell(state: ProcessState): void;
  /** @returns a function that takes the listener out */
  add(listener: Listener): () => void;
  clear(): void;
}

/** The listeners of this process: one that throws keeps the state from no other. */
export function createListeners(log: NotifierLog | undefined): Listeners {
  const listeners = new Set<Listener>();
  return {
    tell(state) {
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
