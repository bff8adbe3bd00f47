import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Notifier, OutboxRow, Queue } from '../../domain/ports.ts';
import { startWorker } from '../../infrastructure/engine/worker/start-worker.ts';
import { createProcessMap } from '../../infrastructure/memory/process-map.ts';
import { createWaitroom } from '../../infrastructure/memory/waitroom.ts';
import { createRedisNotifier } from '../../infrastructure/notifier/redis.ts';
import { createBullmqQueue } from '../../infrastructure/queue/bullmq.ts';
import { openRedis } from '../../infrastructure/redis.ts';
import { projectProcess } from '../../jobs/project-process.ts';
import { createRelay } from '../../jobs/relay-outbox.ts';
import { startInstance } from '../../jobs/start-instance.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database-target.ts';
import { buildServer } from '../../src/http/server.ts';
import { loadProcesses } from '../../src/load-processes.ts';
import { createLogger } from '../../src/logger.ts';
import { openProcessEngine } from '../../src/process-engine.ts';
import { openTransport } from '../../src/transport.ts';
import { createFindProcess } from '../../src/use-cases/find-process.ts';
import { answerCalls } from '../support/child.ts';
import { PROCESSES_DIR } from '../support/four-steps.ts';
import { monotonicMs } from '../support/monotonic.ts';

const log = createLogger('warn', false);
/** When the last event of each process was committed. */
const commits = new Map<string, number>();
/** What is left to do at the stop. */
const ends: (() => Promise<void>)[] = [];

/**
 * The service built like src/service.ts builds it, of the same parts, so that the moment of a commit
 * can be seen: the event store tells it to whoever hands the rows to the relay.
 */
const calls = {
  async start({ folder, redisUrl }: { folder: string; redisUrl?: string }): Promise<string> {
    const config = readConfig({ DATA_DIR: join(folder, 'service'), PORT: '0' });
    const processes = await loadProcesses(PROCESSES_DIR);
    const processMap = createProcessMap(config.PROCESS_MAP_MAX);
    const waitroom = createWaitroom();
    const { queue, notifier } = await openOwnTransport(config, redisUrl);
    notifier.subscribe((state) => {
      if (processMap.set(state)) waitroom.notify(state);
    });
    const { eventStore, outbox, processStore } = await openDatabase(config, {
      clock: Date.now,
      leaseMs: config.OUTBOX_LEASE_MS,
      onAppended: (rows) => {
        noteEnds(rows);
        relay.offer(rows);
      },
    });
    const relay = createRelay({
      outbox,
      queue,
      log,
      leaseMs: config.OUTBOX_LEASE_MS,
      pollMs: config.OUTBOX_POLL_MS,
      batch: 200,
    });
    const { engine, baseUrl } = await openProcessEngine(config, processes, log);
    const app = await buildServer({
      log,
      definitions: new Map(processes.map(({ definition }) => [definition.key, definition])),
      eventStore,
      processStore,
      engine,
      waitroom,
      findProcess: createFindProcess({ processMap, processStore, eventStore }),
      newId: randomUUID,
      checks: {},
      stopping: () => false,
      api: true,
      waitTimeoutMs: config.WAIT_TIMEOUT_MS,
      bodyLimit: config.BODY_LIMIT,
      rateLimitPerMinute: 0,
    });
    await queue.work({
      'project-process': (job) => projectProcess(job, { processStore, notifier }),
      'start-instance': (job, delivery) => startInstance(job, delivery, { eventStore, engine }),
    });
    relay.start();
    startWorker({
      baseUrl,
      work: processes.flatMap(({ definition }) =>
        definition.steps.map((step) => ({ definition, step, settings: {} })),
      ),
      engine,
      eventStore,
      log,
      concurrency: config.WORKER_CONCURRENCY,
      lockDurationMs: config.LOCK_DURATION_MS,
      longPollMs: config.LONG_POLL_MS,
    });
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
  /** What was committed since the call before. */
  takeCommits(_params: object): [correlationId: string, at: number][] {
    const taken = [...commits];
    commits.clear();
    return taken;
  },
  async stop(_params: object): Promise<void> {
    for (const end of ends) await end();
  },
};

function noteEnds(rows: readonly OutboxRow[]): void {
  const last = rows.find((row) => row.eventType === 'process-completed');
  if (last) commits.set(last.correlationId, monotonicMs());
}

/** As src/transport.ts does it, but with keys of its own in a Redis that others may use as well. */
async function openOwnTransport(
  config: Config,
  url: string | undefined,
): Promise<{ queue: Queue; notifier: Notifier }> {
  if (!url) return openTransport(config, log, () => {});
  const prefix = `bench-${randomUUID()}`;
  const notifier = await createRedisNotifier({ url, log, onGap: () => {}, channel: prefix });
  const queue = await createBullmqQueue({
    url,
    log,
    prefix,
    concurrency: config.QUEUE_CONCURRENCY,
  });
  ends.push(async () => {
    await queue.close(1_000);
    const redis = openRedis(url, 'worker', () => {});
    const keys = await redis.keys(`${prefix}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  return { queue, notifier };
}

export type ObservedService = typeof calls;
answerCalls(calls);
