import { createInterface } from 'node:readline';
import { z } from 'zod';
import { defineProcess } from '../../../domain/steps/define-process.ts';
import { startStepWorker } from '../../../src/composition/engine/step-worker.ts';
import { openWorkerRig, plain } from '../worker-rig.ts';

// A worker in a process of its own; it stops when it gets a line. The test checks that the process then ends, so
// nothing here ends it.
const [engineUrl = ''] = process.argv.slice(2);
const definition = defineProcess({
  key: `test-${process.pid}`,
  title: 'Never started',
  input: z.object({}),
  settings: z.object({}),
  identifiers: () => ({}),
  example: {},
  steps: (step) => [step({ ...plain('work'), handle: () => ({}) })],
});
const rig = await openWorkerRig({ url: engineUrl, stop: async () => {} });
const log = { debug() {}, info() {}, warn: print, error: print };
const worker = startStepWorker({
  tasks: rig.unproxied,
  steps: definition.steps.map((step) => ({ definition, step, settings: {} })),
  engine: rig.engine,
  eventStore: rig.eventStore,
  log: { ...log, child: () => log },
  concurrency: 1,
  lockDurationMs: 1_000,
  longPollMs: 200,
});
process.stdout.write('ready\n');
const input = createInterface({ input: process.stdin });
input.once('line', async () => {
  await worker.stop(5_000);
  await rig.close();
  input.close();
  process.stdout.write('stopped\n');
});

function print(_fields: object, message = ''): void {
  process.stdout.write(`${message}\n`);
}
