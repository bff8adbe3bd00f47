import type { ProcessState } from './process-state.ts';

/** Sends new states to every service instance. Best effort: the events have the truth. */
export interface Notifier {
  /** Rejects when other instances could not be notified: try again later. */
  publish(state: ProcessState): Promise<void>;
  /** @returns a function that ends the subscription */
  subscribe(listener: (state: ProcessState) => void): () => void;
  close(): Promise<void>;
}
