import type { FastifyBaseLogger } from 'fastify';
import type { DeliveryOutcome, DeliveryStore } from '../../../domain/callbacks/index.ts';
import type { Log } from '../../../domain/common/index.ts';
import type { Job, Outbox, Queue } from '../../../domain/outbox/index.ts';
import {
  beginOf,
  createWaitroom,
  type EventStore,
  type ProcessMap,
  readRequest,
  type StoredEvent,
  type Waitroom,
} from '../../../domain/process/index.ts';
import { type RollupSource, type RollupStore, rollupLag } from '../../../domain/rollups/index.ts';
import { logWithTraces } from '../../../infrastructure/observability/log-with-traces.ts';
import { createMetrics } from '../../../infrastructure/observability/metrics.ts';
import { createEventObserver } from '../../../infrastructure/observability/observe-events.ts';
import {
  type Observers,
  observedQueue,
  observeLag,
} from '../../../infrastructure/observability/observed.ts';
import { createReadings } from '../../../infrastructure/observability/readings.ts';
import { createTraceIds, type TraceIds } from '../../../infrastructure/observability/trace-ids.ts';
import type { Config } from '../../config.ts';
import type { HttpObservers } from '../../http/parts/server-parts.ts';
import { VERSION } from '../lifecycle/version.ts';
import { startTracing } from './start-tracing.ts';

/** Log lines, metrics and traces of the service. */
export interface Observability extends Observers {
  traceIds: TraceIds;
  /** Adds trace ids to lines whose writer knows only the correlation id. */
  log: Log;
  waitroom(): Waitroom;
  queue(queue: Queue): Queue;
  /** Called for each event whose process was projected without a job in the queue. */
  onProjected(job: Job): void;
  /** Called after each try of a delivery. */
  onDelivery(outcome: DeliveryOutcome, type: string, createdAt: string): void;
  /** Returns what to call with the events of each append, after its commit. */
  events(ports: {
    processMap: ProcessMap;
    eventStore: EventStore;
    /** Whether a process has personal data. */
    isPersonal: (processName: string) => boolean;
  }): (events: readonly StoredEvent[]) => void;
  http(ports: {
    outbox: Outbox;
    deliveryStore: Pick<DeliveryStore, 'counts'>;
    rollups: Pick<RollupStore, 'state'>;
    rollupSource: RollupSource;
    queue: Queue;
    waiting: () => number;
    processMap: ProcessMap;
    startDelay: { estimate(waits: boolean): number | null };
  }): HttpObservers;
  /** Sends the remaining spans. */
  stop(timeoutMs: number): Promise<void>;
}

/** @throws SetupError when the settings of traces are not supported */
export async function openObservability(
  config: Config,
  log: FastifyBaseLogger,
  env: Record<string, string | undefined>,
): Promise<Observability> {
  const metrics = createMetrics({ version: VERSION });
  const { tracing, stop } = await startTracing(config, log, env);
  const observers = { metrics, tracing };
  const traceIds = createTraceIds();
  return {
    ...observers,
    traceIds,
    stop,
    log: logWithTraces(log, traceIds),
    waitroom: () =>
      createWaitroom((how, milliseconds) => metrics.wait.observe({ how }, milliseconds / 1_000)),
    queue: (queue) => observedQueue(queue, { ...observers, log, now: Date.now }),
    onDelivery(outcome, event, createdAt) {
      metrics.deliveries.inc({ event, outcome });
      if (outcome !== 'delivered') return;
      metrics.deliveryLag.observe(Math.max(0, Date.now() - Date.parse(createdAt)) / 1_000);
    },
    onProjected: (job) => observeLag(job, { metrics, now: Date.now }),
    events: ({ processMap, eventStore, isPersonal }) =>
      createEventObserver({
        ...observers,
        traceIds,
        log,
        isPersonal,
        startedAt: (correlationId) => processMap.get(correlationId)?.startedAt,
        readStart: async (correlationId) => {
          const request = await readRequest(eventStore, correlationId);
          return request ? beginOf(request) : undefined;
        },
      }),
    http: ({
      outbox,
      deliveryStore,
      rollups,
      rollupSource,
      queue,
      waiting,
      processMap,
      startDelay,
    }) => ({
      ...observers,
      read: createReadings({
        metrics,
        outbox,
        deliveryStore,
        rollupLag: () => rollupLag({ store: rollups, source: rollupSource, clock: Date.now }),
        queue,
        waiting,
        processMapSize: () => processMap.size(),
        startDelayMs: () => startDelay.estimate(false),
      }),
    }),
  };
}
