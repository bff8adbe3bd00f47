import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** The folder in which the test processes record their runs and look for their gates. */
export const folderSettings = z.object({ TEST_FOLDER: z.string().min(1) });

export interface HandlerRun {
  correlationId: string;
  step: string;
  /** The same for all attempts of one task. */
  task: string;
}

/** Writes a line for one run of a handler; the line is in the file when this returns. */
export function recordRun(folder: string, { correlationId, step, task }: HandlerRun): void {
  appendFileSync(join(folder, 'handlers.log'), `${correlationId} ${step} ${task}\n`);
}

/** The runs of all handlers so far. */
export function recordedRuns(folder: string): HandlerRun[] {
  const file = join(folder, 'handlers.log');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [correlationId = '', step = '', task = ''] = line.split(' ');
    return { correlationId, step, task };
  });
}

/** Waits until the file of the gate exists. */
export async function passGate(folder: string, gate: string, signal?: AbortSignal): Promise<void> {
  while (!existsSync(join(folder, gate))) await sleep(10, undefined, { signal });
}
