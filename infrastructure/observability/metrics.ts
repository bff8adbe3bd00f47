import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Bucket limits in seconds, for work that usually takes milliseconds. */
const FAST = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Bucket limits in seconds, for work that may wait for people or timers. */
const SLOW = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Creates all metrics of one service instance in a registry of its own. Names follow
 * https://prometheus.io/docs/practices/naming/: base units, `_total` for counters. Labels have few
 * values: process keys, step names, job names and outcomes; never a correlation id.
 *
 * @param build the labels of `build_info`
 */
export function createMetrics(build: { version: string }) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  function counter<L extends string>(name: string, help: string, labelNames: readonly L[]) {
    return new Counter({ name: `fastify_camunda_${name}`, help, labelNames, registers });
  }
  function gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = []) {
    return new Gauge({ name: `fastify_camunda_${name}`, help, labelNames, registers });
  }
  function histogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets = FAST,
  ) {
    return new Histogram({ name: `fastify_camunda_${name}`, help, labelNames, buckets, registers });
  }

  gauge('build_info', 'Always 1; the labels hold the versions', ['version', 'node']).set(
    { version: build.version, node: process.version },
    1,
  );
  return {
    registry,

    httpRequest: histogram(
      'http_request_duration_seconds',
      'HTTP requests, including the time that they wait for results',
      ['method', 'route', 'status'],
    ),
    starts: counter('starts_total', 'Requests to start a process, by outcome', [
      'process',
      'outcome',
    ]),
    startsRefused: counter(
      'starts_refused_total',
      'Starts that were answered 503 because of a limit, by the limit',
      ['reason'],
    ),
    startDelay: gauge(
      'start_delay_seconds',
      'Estimated time until a start accepted now would begin, of one that nobody waits for; NaN while it is not known',
    ),
    steps: counter('steps_total', 'Journaled attempts of steps', ['process', 'step', 'outcome']),
    stepDuration: histogram(
      'step_duration_seconds',
      'Run time of the handlers of steps',
      ['process', 'step'],
      [...FAST, 60, 300],
    ),
    ended: counter('processes_ended_total', 'Processes that ended, by outcome', [
      'process',
      'outcome',
    ]),
    processDuration: histogram(
      'process_duration_seconds',
      'From the accepted start to the end of a process',
      ['process', 'outcome'],
      SLOW,
    ),

    waiting: gauge(
      'waiting',
      'Callers that wait for a process, for events or, as workers elsewhere, for tasks, or follow events',
    ),
    wait: histogram(
      'wait_duration_seconds',
      'How long callers waited, by how the wait ended',
      ['how'],
      [...FAST, 60],
    ),
    processMap: gauge('process_map_entries', 'Processes whose state is in the process map'),

    append: histogram('append_duration_seconds', 'From the call of an append to its commit', [
      'outcome',
    ]),
    outboxRows: gauge('outbox_rows', 'Events that are not published yet, counted up to 100,000'),
    outboxAge: gauge(
      'outbox_oldest_age_seconds',
      'Age of the oldest event that is not published yet',
    ),
    projectionLag: histogram(
      'projection_lag_seconds',
      'From the commit of an event to its projection',
      [],
      [...FAST, 60, 300, 900],
    ),
    rollupLag: gauge(
      'rollup_lag_seconds',
      'Age of the oldest event that the rollups do not contain yet; 0 when they contain all',
    ),
    rollupLagEvents: gauge('rollup_lag_events', 'Events that the rollups do not contain yet'),
    deliveries: counter('deliveries_total', 'Tries to deliver a callback, by outcome', [
      'event',
      'outcome',
    ]),
    deliveryLag: histogram(
      'delivery_lag_seconds',
      'From the moment at which a delivery was written to its receipt, with all tries',
      [],
      [...FAST, 60, 300, 3_600, 14_400, 86_400],
    ),
    deliveriesKept: gauge('deliveries', 'Callbacks that are not delivered, by status', ['status']),
    deliveryAge: gauge(
      'delivery_oldest_age_seconds',
      'Age of the oldest callback that is neither delivered nor parked',
    ),
    queueJobs: gauge('queue_jobs', 'Jobs in the queue by name and state', ['job', 'state']),
    job: histogram('job_duration_seconds', 'Runs of jobs', ['job', 'outcome']),

    engineCall: histogram('engine_call_duration_seconds', 'Calls to the process engine', [
      'operation',
      'outcome',
    ]),
    enginePolls: counter('engine_polls_total', "The worker's polls for tasks", ['outcome']),

    archiveRun: histogram('archive_run_duration_seconds', 'Archive runs', ['outcome'], SLOW),
    archiveBatch: histogram(
      'archive_batch_duration_seconds',
      'Transactions of archive runs; a live write may have waited for one',
      [],
    ),
    archiveCompleted: gauge(
      'archive_last_completed_timestamp_seconds',
      'When this service instance last completed an archive run; 0: never',
    ),
    archived: counter('archived_total', 'Processes and events that were moved to the archive', [
      'what',
    ]),
    purged: counter('purged_total', 'Processes and events that were deleted from the archive', [
      'what',
    ]),

    up: gauge('dependency_up', '1 when the dependency answered during the last scrape, else 0', [
      'dependency',
    ]),
  };
}

/** Seconds since a `performance.now()`. */
export function secondsSince(began: number): number {
  return (performance.now() - began) / 1_000;
}
