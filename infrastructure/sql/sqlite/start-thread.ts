import { Worker } from 'node:worker_threads';

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
      })
    : new Worker(new URL(`${module}.js`, import.meta.url), { workerData });
}
