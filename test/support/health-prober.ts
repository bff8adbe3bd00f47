import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const PROBE = `
const { parentPort, workerData } = require('node:worker_threads');
let longest = 0;
let going = true;
parentPort.on('message', () => { going = false; });
(async () => {
  while (going) {
    const began = performance.now();
    const answer = await fetch(workerData, { headers: { connection: 'close' } });
    if (answer.status !== 200) throw new Error('health answered ' + answer.status);
    longest = Math.max(longest, performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  parentPort.postMessage(longest);
  parentPort.close();
})();
`;

/** Asks for health again and again, from a thread of its own: what keeps the test busy is not to count. */
export function probeHealth(url: string): { stop(): Promise<number> } {
  const worker = new Worker(PROBE, { eval: true, workerData: `${url}/health/live` });
  return {
    /** The longest that an answer took, in milliseconds. */
    async stop() {
      worker.postMessage('stop');
      const [longest] = (await once(worker, 'message')) as [number];
      return longest;
    },
  };
}
