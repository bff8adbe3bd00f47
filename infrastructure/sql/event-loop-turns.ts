import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of one turn of the event loop that adding up may take. */
const MAX_TURN_MS = 5;

export interface Turns {
  /** Resolves in a later turn when this one has lasted long enough: live calls are answered in between. */
  giveWay(): Promise<void> | undefined;
}

/** For loops over many rows. */
export function createTurns(): Turns {
  let began = performance.now();
  return {
    giveWay() {
      if (performance.now() - began < MAX_TURN_MS) return undefined;
      return nextTurn().then(() => {
        began = performance.now();
      });
    },
  };
}
