import { fileURLToPath } from 'node:url';

/*
 * The work of the four-step process, the same in the service and in the baselines: each step gets the text of the step
 * before and returns about 700 bytes.
 */

export const PROCESSES_DIR = fileURLToPath(new URL('../processes', import.meta.url));
export const PROCESS_KEY = 'four-steps';
/** A process that waits for a message or a month. */
export const WAITING_KEY = 'waiting';
/** A process whose step always fails. */
export const FAILING_KEY = 'failing';
export const STEPS = ['one', 'two', 'three', 'four'] as const;

const OUTPUT_LENGTH = 700;

/** The variables that every process is started with. */
export const INPUT = {
  userId: '42',
  payload: 'A sentence of some length, as data goes. '.repeat(5),
};

/** The work of one step. */
export function work(text: string): string {
  return `${text.length}: ${text}`.padEnd(OUTPUT_LENGTH, '.').slice(0, OUTPUT_LENGTH);
}
