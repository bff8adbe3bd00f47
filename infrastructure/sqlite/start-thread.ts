import { Worker } from 'node:worker_threads';

/**
 * Megabytes of young objects in the heap of a thread. Its rows are short-lived; V8 would collect three times 16
 * megabytes of them before it frees any.
 */
const LIMITS = { maxYoungGenerationSizeMb: 4 };

/**
 * Starts a module of this folder in a thread: from the sources, as in development and tests, or as
 * `npm run build` makes it.
 *
 * @param module './read-thread' for read-thread.ts
 */
export function startThread(module: string, workerData: object): Worker {
  return import.meta.url.endsWith('.ts')
    ? new Worker(new URL('./thread-from-source.mjs', import.meta.url), {
        workerData: { ...workerData, module: `${module}.ts` },
        resourceLimits: LIMITS,
      })
    : new Worker(new URL(`${module}.js`, import.meta.url), { workerData, resourceLimits: LIMITS });
}
