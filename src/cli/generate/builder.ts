import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Batch, createBatches } from './batches.ts';
import type { BuilderData } from './builder-thread.ts';
import type { Volumes } from './volumes.ts';

/** From here on the time that a thread takes to start is well spent. */
const THREAD_PAYS = 20_000;
/** Batches built ahead of the one that is being written. */
const AHEAD = 2;

/** A batch should be gone before it is taken for something that lasts: halves what collecting it costs. */
const maxYoungGenerationSizeMb = 192;

/** The batches of `createBatches`, many of them built in a thread while others are written. */
export function buildBatches(volumes: Volumes, firstId: number): AsyncGenerator<Batch> {
  return volumes.events < THREAD_PAYS ? buildHere(volumes, firstId) : buildBeside(volumes, firstId);
}

async function* buildHere(volumes: Volumes, firstId: number): AsyncGenerator<Batch> {
  for (const batch of createBatches(volumes, firstId)) yield batch;
}

async function* buildBeside(volumes: Volumes, firstId: number): AsyncGenerator<Batch> {
  const workerData: BuilderData = { volumes, firstId };
  const fromSource = import.meta.url.endsWith('.ts');
  const file = fromSource ? './builder-thread-from-source.mjs' : './builder-thread.js';
  const thread = new Worker(new URL(file, import.meta.url), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb },
  });
  const built: (Batch | null)[] = [];
  thread.on('message', (batch: Batch | null) => built.push(batch));
  try {
    for (let count = 0; count < AHEAD; count++) thread.postMessage('next');
    for (;;) {
      while (built.length === 0) await once(thread, 'message');
      const batch = built.shift();
      if (!batch) return;
      thread.postMessage('next');
      yield batch;
    }
  } finally {
    await thread.terminate();
  }
}
