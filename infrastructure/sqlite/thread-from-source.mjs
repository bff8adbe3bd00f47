// Starts a thread from the TypeScript sources. A thread does not get the loader of the one that
// starts it, so this file, which needs none, brings it.
import { workerData } from 'node:worker_threads';
import '../../scripts/typescript.mjs';

await import(workerData.module);
