import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { StoredEvent } from '../../domain/process/index.ts';
import { openRedis } from '../../infrastructure/redis/connection.ts';
import { createLogger } from '../../src/composition/observability/logger.ts';
import { readConfig } from '../../src/config.ts';
import { type Service, startService } from '../../src/service.ts';
import { answerCalls } from '../support/child.ts';
import { PROCESSES_DIR } from '../support/four-steps.ts';
import { monotonicMs } from '../support/monotonic.ts';

/** When the last event of each process was committed. */
const commits = new Map<string, number>();
/** A prefix of its own: other programs may use the same Redis. */
const prefix = `bench-${randomUUID()}`;
let service: Service | undefined;
let redisUrl: string | undefined;

/** The service in a process of its own; it records when it commits the end of each process. */
const calls = {
  async start(params: { folder: string; redisUrl?: string }): Promise<string> {
    redisUrl = params.redisUrl;
    const config = readConfig({
      DATA_DIR: join(params.folder, 'service'),
      PORT: '0',
      PROCESSES_DIR,
      REDIS_URL: redisUrl,
      REDIS_PREFIX: prefix,
    });
    service = await startService(config, createLogger('warn', false), {}, recordEnds);
    return service.url;
  },
  /** The ends that were committed since the last call. */
  takeCommits(_params: object): [correlationId: string, at: number][] {
    const taken = [...commits];
    commits.clear();
    return taken;
  },
  async stop(_params: object): Promise<void> {
    await service?.stop();
    if (!redisUrl) return;
    const redis = openRedis(redisUrl, 'worker', () => {});
    const keys = await redis.keys(`${prefix}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  },
};

function recordEnds(events: readonly StoredEvent[]): void {
  const last = events.find((event) => event.type === 'process-completed');
  if (last) commits.set(last.correlationId, monotonicMs());
}

export type ObservedService = typeof calls;
answerCalls(calls);
