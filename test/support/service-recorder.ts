import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** Where the test processes leave their traces and look for their gates. */
export const folderSettings = z.object({ TEST_FOLDER: z.string().min(1) });

export interface HandlerRun {
  correlationId: string;
  step: string;
  /** The same in every attempt at one task. */
  task: string;
}

/** Leaves a line for one run of a handler; it is on file when this returns, whatever happens then. */
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

/** Waits until the gate's file is there. */
export async function passGate(folder: string, gate: string, signal?: AbortSignal): Promise<void> {
  while (!existsSync(join(folder, gate))) await sleep(10, undefined, { signal });
}
