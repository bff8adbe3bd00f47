import { fileURLToPath } from 'node:url';

/*
 * The work of the four-step process, the same wherever it runs: each step takes the text of the one
 * before and gives about 700 bytes.
 */

export const PROCESSES_DIR = fileURLToPath(new URL('../processes', import.meta.url));
export const PROCESS_KEY = 'four-steps';
export const STEPS = ['one', 'two', 'three', 'four'] as const;

const OUTPUT_LENGTH = 700;

/** What every process is started with. */
export const INPUT = {
  userId: '42',
  payload: 'A sentence of some length, as data goes. '.repeat(5),
};

/** One step. */
export function work(text: string): string {
  return `${text.length}: ${text}`.padEnd(OUTPUT_LENGTH, '.').slice(0, OUTPUT_LENGTH);
}
