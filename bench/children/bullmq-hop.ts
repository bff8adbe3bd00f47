import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { openRedis } from '../../infrastructure/redis/connection.ts';
import { runCallers } from '../support/callers.ts';
import { answerCalls } from '../support/child.ts';
import { monotonicMs } from '../support/monotonic.ts';

const NAME = 'hop';

let queue: Queue | undefined;
let worker: Worker | undefined;
let arrived: (at: number) => void = () => {};

/** BullMQ alone: one queue, one worker, empty jobs. */
const calls = {
  async start({ url }: { url: string }): Promise<void> {
    const prefix = `bench-${randomUUID()}`;
    const fail = (error: Error): never => {
      throw error;
    };
    queue = new Queue(NAME, { connection: openRedis(url, 'caller', fail), prefix });
    const processor = async (): Promise<void> => arrived(monotonicMs());
    worker = new Worker(NAME, processor, { connection: openRedis(url, 'worker', fail), prefix });
    await worker.waitUntilReady();
    await queue.waitUntilReady();
  },
  /** The time of each hop in milliseconds, one job after the other. */
  async measure({ seconds }: { seconds: number }): Promise<number[]> {
    const hops: number[] = [];
    await runCallers(1, seconds, async () => {
      const arrival = new Promise<number>((resolve) => {
        arrived = resolve;
      });
      const at = monotonicMs();
      await queue?.add(NAME, {}, { removeOnComplete: true });
      hops.push((await arrival) - at);
    });
    return hops;
  },
  async stop(_params: object): Promise<void> {
    await worker?.close();
    await queue?.obliterate({ force: true });
    await queue?.close();
  },
};

export type BullmqHop = typeof calls;
answerCalls(calls);
