import { parentPort, workerData } from 'node:worker_threads';
import { createBatches } from './batches.ts';
import type { Volumes } from './volumes.ts';

/** What the thread is to build. */
export interface BuilderData {
  volumes: Volumes;
  firstId: number;
}

// Each message asks for one batch; null means that there are no more.
const { volumes, firstId } = workerData as BuilderData;
const batches = createBatches(volumes, firstId);
parentPort?.on('message', () => {
  const { done, value } = batches.next();
  parentPort?.postMessage(done ? null : value);
});
