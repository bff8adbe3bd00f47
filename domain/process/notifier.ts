import type { ProcessState } from './process-state.ts';

/** Tells every instance about new states. Best effort: process_store is the truth. */
export interface Notifier {
  /** Rejects when other instances could not be told: to be tried again. */
  publish(state: ProcessState): Promise<void>;
  /** @returns a function that ends the subscription */
  subscribe(listener: (state: ProcessState) => void): () => void;
  close(): Promise<void>;
}
