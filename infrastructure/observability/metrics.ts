import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds, for what usually takes milliseconds. */
const FAST = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds, for what people or timers may take part in. */
const SLOW = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * All metrics of one service, in a registry of its own. Named as Prometheus asks
 * (https://prometheus.io/docs/practices/naming/): base units, `_total` for counters. Labels have few
 * values: keys of processes, names of steps, jobs and outcomes; never a correlation id.
 *
 * @param build what `build_info` says
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

  gauge('build_info', 'Always 1; the labels say what runs', ['version', 'node']).set(
    { version: build.version, node: process.version },
    1,
  );
  return {
    registry,

    httpRequest: histogram(
      'http_request_duration_seconds',
      'HTTP requests, waiting for results included',
      ['method', 'route', 'status'],
    ),
    starts: counter('starts_total', 'Starts by what became of them', ['process', 'outcome']),
    steps: counter('steps_total', 'Attempts at steps that were journaled', [
      'process',
      'step',
      'outcome',
    ]),
    stepDuration: histogram(
      'step_duration_seconds',
      'Time that the handler of a step took',
      ['process', 'step'],
      [...FAST, 60, 300],
    ),
    ended: counter('processes_ended_total', 'Processes that ended, by outcome', [
      'process',
      'outcome',
    ]),
    processDuration: histogram(
      'process_duration_seconds',
      'From the accepted start to the end',
      ['process', 'outcome'],
      SLOW,
    ),

    waiting: gauge('waiting', 'Callers that wait for a process or events, or follow them'),
    wait: histogram(
      'wait_duration_seconds',
      'How long callers waited, by how it ended',
      ['how'],
      [...FAST, 60],
    ),
    processMap: gauge('process_map_entries', 'Processes whose state is in memory'),

    append: histogram('append_duration_seconds', 'From the call to the commit of its events', [
      'outcome',
    ]),
    outboxRows: gauge('outbox_rows', 'Events still to be published; counted up to 100,000'),
    outboxAge: gauge('outbox_oldest_age_seconds', 'Age of the oldest event still to be published'),
    projectionLag: histogram(
      'projection_lag_seconds',
      'From the commit of an event to its projection',
      [],
      [...FAST, 60, 300, 900],
    ),
    rollupLag: gauge(
      'rollup_lag_seconds',
      'Age of the oldest event that the statistics do not count yet; 0: they count all',
    ),
    rollupLagEvents: gauge('rollup_lag_events', 'Events that the statistics do not count yet'),
    queueJobs: gauge('queue_jobs', 'Jobs in the queue by name and state', ['job', 'state']),
    job: histogram('job_duration_seconds', 'Runs of jobs', ['job', 'outcome']),

    engineCall: histogram('engine_call_duration_seconds', 'Calls to the process engine', [
      'operation',
      'outcome',
    ]),
    enginePolls: counter('engine_polls_total', "The worker's polls for tasks", ['outcome']),

    archiveRun: histogram(
      'archive_run_duration_seconds',
      'Runs of the archiving',
      ['outcome'],
      SLOW,
    ),
    archiveBatch: histogram(
      'archive_batch_duration_seconds',
      'Transactions of the archiving: what a live write may have waited for',
      [],
    ),
    archiveCompleted: gauge(
      'archive_last_completed_timestamp_seconds',
      'When this instance last archived all there was to archive; 0: never',
    ),
    archived: counter('archived_total', 'What was moved to the archive', ['what']),
    purged: counter('purged_total', 'What was deleted from the archive', ['what']),

    up: gauge('dependency_up', 'Whether it answered the last scrape', ['dependency']),
  };
}

/** Seconds since a `performance.now()`. */
export function secondsSince(began: number): number {
  return (performance.now() - began) / 1_000;
}
