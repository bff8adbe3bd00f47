import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

export interface Load {
  /** Correlation ids of processes that were answered with 200 or 202. */
  accepted: string[];
  /** Answers that a caller should not get. */
  refused: string[];
  /** Stops the callers and waits for the remaining answers. */
  stop(): Promise<void>;
}

/** Several callers start processes, each one after the other, until they are stopped. */
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
        // The service was killed or has stopped: without an answer nothing was accepted.
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
  /** Correlation ids of processes that were answered with 200 or 202. */
  accepted: string[];
  /** Answers that neither accept the start nor allow to send it again. */
  refused: string[];
  /** How many answers were 503 with `Retry-After`. */
  turnedAway(): number;
  /** Calls without an answer: the connection broke or timed out. */
  unanswered: string[];
  /** Stops the callers and waits for the remaining answers. */
  stop(): Promise<void>;
}

export interface BalancedLoadOptions {
  /** The instances that run now. */
  urls: () => readonly string[];
  processKey: string;
  callers: number;
  /** Milliseconds between two starts of a caller. */
  pauseMs: number;
  /** Calls only instances that report that they are ready, as a load balancer does. */
  readyOnly: boolean;
  variables: object;
}

/** How often the load balancer checks readiness: the interval is shorter than SHUTDOWN_DELAY_MS. */
const READINESS_INTERVAL_MS = 700;
/** Longer than any caller waits for a result. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Callers that start processes on the running instances; every second caller waits for the result. */
export function startBalancedLoad(options: BalancedLoadOptions): BalancedLoad {
  const { urls, processKey, callers, pauseMs, readyOnly, variables } = options;
  const accepted: string[] = [];
  const refused: string[] = [];
  const unanswered: string[] = [];
  let turnedAway = 0;
  let ready: readonly string[] = [];
  let running = true;

  async function checkReadiness(): Promise<void> {
    while (running) {
      const answers = await Promise.all(
        urls().map(async (url) => {
          const answer = await fetch(`${url}/health/ready`).catch(() => null);
          await answer?.text();
          return answer?.ok ? url : null;
        }),
      );
      ready = answers.filter((url) => url !== null);
      await sleep(READINESS_INTERVAL_MS);
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
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
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

  const all = [checkReadiness(), ...Array.from({ length: callers }, (_, caller) => call(caller))];
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
const { readFileSync } = require('node:fs');
const { parentPort, workerData: { pid, url } } = require('node:worker_threads');
// The fields behind the name in brackets, which may contain spaces. A tick is 10 ms.
function cpuMs() {
  const stat = readFileSync('/proc/' + pid + '/task/' + pid + '/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
let longest = 0;
let running = true;
parentPort.on('message', () => { running = false; });
(async () => {
  while (running) {
    const before = cpuMs();
    const answer = await fetch(url, { headers: { connection: 'close' } });
    if (answer.status !== 200) throw new Error('health answered ' + answer.status);
    longest = Math.max(longest, cpuMs() - before);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  parentPort.postMessage(longest);
  parentPort.close();
})();
`;

/**
 * Calls the health route again and again from a thread of its own, so that a busy test does not distort the result. On
 * Linux only. CPU time is measured, which does not depend on what else the machine does.
 */
export function probeHealth({ pid, url }: { pid: number; url: string }): {
  stop(): Promise<number>;
} {
  const workerData = { pid, url: `${url}/health/live` };
  const worker = new Worker(PROBE, { eval: true, workerData });
  return {
    /** @returns the most CPU time that the main thread of the service used before an answer, in milliseconds */
    async stop() {
      worker.postMessage('stop');
      const [longest] = (await once(worker, 'message')) as [number];
      return longest;
    },
  };
}
