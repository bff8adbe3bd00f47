import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

export interface Load {
  /** Correlation ids that were answered 200 or 202. */
  accepted: string[];
  /** Answers that a caller should not get. */
  refused: string[];
  /** Stops to start and waits for the answers that are still to come. */
  stop(): Promise<void>;
}

/** Starts processes one after the other from several callers, until it is stopped. */
export function startLoad(
  url: string,
  options: { processKey: string; variables: object; callers: number; prefer: string },
): Load {
  const accepted: string[] = [];
  const refused: string[] = [];
  let running = true;

  async function call(): Promise<void> {
    while (running) {
      try {
        const answer = await fetch(`${url}/api/process/start`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', prefer: options.prefer },
          body: JSON.stringify({ processKey: options.processKey, variables: options.variables }),
        });
        const text = await answer.text();
        if (answer.status === 200 || answer.status === 202) {
          accepted.push(JSON.parse(text).correlationId);
        } else {
          refused.push(`${answer.status} ${text}`);
        }
      } catch {
        // The service was killed or has stopped: nobody said yes, so nothing was promised.
        return;
      }
    }
  }

  const callers = Array.from({ length: options.callers }, call);
  return {
    accepted,
    refused,
    async stop() {
      running = false;
      await Promise.all(callers);
    },
  };
}

export interface BalancedLoad {
  /** Correlation ids that were answered 200 or 202. */
  accepted: string[];
  /** Answers that say neither that it was accepted nor that it may be sent again. */
  refused: string[];
  /** How many answers said that it may be sent again. */
  turnedAway(): number;
  /** Calls that got no answer: the connection broke, or nothing came. */
  unanswered: string[];
  /** Stops to start and waits for the answers that are still to come. */
  stop(): Promise<void>;
}

export interface BalancedLoadOptions {
  /** The instances there are now. */
  urls: () => readonly string[];
  processKey: string;
  callers: number;
  /** Milliseconds between two starts of a caller. */
  pauseMs: number;
  /** Asks only instances that say they are ready, as a load balancer does. */
  readyOnly: boolean;
  variables: object;
}

/** How often a load balancer asks, in milliseconds: less often than SHUTDOWN_DELAY_MS bridges. */
const ASK_EVERY_MS = 700;
/** Milliseconds a caller waits for its answer: longer than any of them waits for a result. */
const PATIENCE_MS = 60_000;

/** Callers that start processes on whichever instance is there; every second one waits for the result. */
export function startBalancedLoad(options: BalancedLoadOptions): BalancedLoad {
  const { urls, processKey, callers, pauseMs, readyOnly, variables } = options;
  const accepted: string[] = [];
  const refused: string[] = [];
  const unanswered: string[] = [];
  let turnedAway = 0;
  let ready: readonly string[] = [];
  let running = true;

  async function ask(): Promise<void> {
    while (running) {
      const asked = await Promise.all(
        urls().map(async (url) => {
          const answer = await fetch(`${url}/health/ready`).catch(() => null);
          await answer?.text();
          return answer?.ok ? url : null;
        }),
      );
      ready = asked.filter((url) => url !== null);
      await sleep(ASK_EVERY_MS);
    }
  }

  async function call(caller: number): Promise<void> {
    const prefer = caller % 2 === 0 ? 'wait=20' : 'respond-async';
    for (let at = caller; running; at++) {
      await sleep(pauseMs);
      const targets = readyOnly ? ready : urls();
      const url = targets[at % Math.max(1, targets.length)];
      if (url !== undefined) await start(url, prefer);
    }
  }

  async function start(url: string, prefer: string): Promise<void> {
    try {
      const answer = await fetch(`${url}/api/process/start`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer },
        body: JSON.stringify({ processKey, variables }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await answer.text();
      if (answer.ok) accepted.push(JSON.parse(text).correlationId);
      else if (answer.status === 503 && answer.headers.has('retry-after')) {
        turnedAway++;
        await sleep(200);
      } else refused.push(`${answer.status} ${text}`);
    } catch (error) {
      const { message, cause } = error as Error;
      unanswered.push(`${url}: ${message} ${String(cause ?? '')}`);
    }
  }

  const all = [ask(), ...Array.from({ length: callers }, (_, caller) => call(caller))];
  return {
    accepted,
    refused,
    turnedAway: () => turnedAway,
    unanswered,
    async stop() {
      running = false;
      await Promise.all(all);
    },
  };
}

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
