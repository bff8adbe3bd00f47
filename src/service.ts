import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { createStartsInHand } from '../domain/engine/index.ts';
import {
  createCatchUp,
  createPublishState,
  publishOnce,
  type StoredEvent,
} from '../domain/process/index.ts';
import { observedEngine } from '../infrastructure/observability/observed.ts';
import { createStartGate } from '../infrastructure/worker/start-gate.ts';
import { outboxRowOf } from '../jobs/event-jobs.ts';
import { gatherProjections } from '../jobs/gather-projections.ts';
import { createRelay } from '../jobs/relay-outbox.ts';
import { createAccess } from './access/access.ts';
import { readPolicy } from './access/policy.ts';
import { checkCallbacks, openDeliverer } from './composition/callbacks/callbacks.ts';
import { openStores } from './composition/database/stores.ts';
import { warnOfUncheckedTopics } from './composition/definitions/check-model.ts';
import {
  type LoadedProcess,
  loadProcesses,
  readAllSettings,
  stepsOf,
} from './composition/definitions/load-processes.ts';
import { openProcessEngine } from './composition/engine/process-engine.ts';
import { serveEmbeddedEngine } from './composition/engine/serve-engine.ts';
import { startStepWorker } from './composition/engine/step-worker.ts';
import { openTasksElsewhere } from './composition/engine/tasks-elsewhere.ts';
import { checkPurge } from './composition/jobs/purge.ts';
import { startJobs } from './composition/jobs/start-jobs.ts';
import { checkRoles } from './composition/lifecycle/check-roles.ts';
import { createCommits } from './composition/lifecycle/commits.ts';
import { recordStart } from './composition/lifecycle/record-start.ts';
import { createShutdown, type Shutdown } from './composition/lifecycle/shutdown.ts';
import { VERSION } from './composition/lifecycle/version.ts';
import { openObservability } from './composition/observability/observability.ts';
import { openRateLimit } from './composition/queue/rate-limit.ts';
import { openTransport } from './composition/queue/transport.ts';
import { listen } from './composition/server/listen.ts';
import { createLive } from './composition/server/live.ts';
import { readinessChecks, readinessNotes } from './composition/server/readiness-checks.ts';
import { createServerParts } from './composition/server/server-parts.ts';
import { type Config, type Role, redactConfig } from './config.ts';
import { closeServer } from './http/connections/close-server.ts';
import { buildServer } from './http/server.ts';

export interface Service {
  /** Where it listens. */
  url: string;
  /** Stops gracefully (G12): callers get their answer, running steps and jobs finish or are handed back. */
  stop(): Promise<void>;
}

/** Rows that the relay claims at once. */
const RELAY_BATCH = 200;

/** What all parts are built from. */
interface Setup {
  config: Config;
  log: FastifyBaseLogger;
  /** The settings of the processes. */
  env: Record<string, string | undefined>;
  processes: readonly LoadedProcess[];
  has: (role: Role) => boolean;
  /** Closes the parts in the reverse order of their opening. */
  shutdown: Shutdown;
}

type Core = Awaited<ReturnType<typeof openCore>>;

/**
 * Builds the service from its parts and starts the roles of this service instance.
 *
 * @param env the settings of the processes
 * @param onCommitted called with the events of each append right after its commit: for measurements
 * @throws SetupError with one line that says what to change
 */
export async function startService(
  config: Config,
  log: FastifyBaseLogger,
  env: Record<string, string | undefined> = process.env,
  onCommitted: (events: readonly StoredEvent[]) => void = () => {},
): Promise<Service> {
  log.info({ version: VERSION, config: redactConfig(config) }, 'starting');
  readPolicy(config);
  checkPurge(config);
  checkCallbacks(config);
  const processes = await loadProcesses(config.PROCESSES_DIR || undefined);
  readAllSettings(processes, env, config.PORT);
  warnOfUncheckedTopics(processes, log);
  const shutdown = createShutdown(log);
  const setup: Setup = { config, log, env, processes, has: checkRoles(config), shutdown };
  let stopping: Promise<void> | undefined;
  try {
    const core = await openCore(setup, onCommitted);
    await recordStart(config, core.stores.database.auditLog);
    const url = await serve(setup, core, () => stopping !== undefined);
    await startWork(setup, core, url);
    log.info({ url, roles: config.ROLES }, 'ready');
    return {
      url,
      stop: () => {
        stopping ??= stop(setup, core);
        return stopping;
      },
    };
  } catch (error) {
    await shutdown.run(config.SHUTDOWN_TIMEOUT_MS);
    throw error;
  }
}

/** The way of an event: from its commit to the callers who wait, and through the outbox to the jobs. */
async function openCore(setup: Setup, onCommitted: (events: readonly StoredEvent[]) => void) {
  const { config, log, env, processes, has, shutdown } = setup;
  const observability = await openObservability(config, log, env);
  shutdown.add('traces', (timeLeft) => observability.stop(timeLeft()));

  // Database: the events and what is projected from them.
  const commits = createCommits();
  const stores = await openStores({
    ...setup,
    isRelay: has('relay'),
    onAppended: commits.publish,
    observers: observability,
  });
  const { database, personal, decrypted } = stores;

  // Engine: where instances run.
  const opened = await openProcessEngine(config, processes, database.writer, observability.log);
  shutdown.add('engine', opened.stop);
  const engine = observedEngine(opened.engine, observability);
  const startsInHand = createStartsInHand();
  const elsewhere = await openTasksElsewhere({
    opened,
    engine,
    startsInHand,
    eventStore: decrypted.eventStore,
    steps: stepsOf(processes),
    observers: observability,
    shutdown,
    log,
  });

  // In memory: what callers wait for and ask about.
  const waitroom = observability.waitroom();
  const live = createLive({ config, database, decrypted, personal, waitroom, log });
  const { processMap } = live;
  shutdown.add('feed signal', live.feedSignal.close);

  // Transport: jobs between the roles, states to every service instance.
  const catchUp = createCatchUp({ ...live, log: observability.log });
  const startGate = createStartGate(config.WORKER_CONCURRENCY);
  const onGap = () => {
    live.startDelay.reset();
    void catchUp();
  };
  const starts = { startGate, waitingStarts: live.startDelay.ahead };
  const transport = await openTransport(config, observability.log, onGap, starts);
  const notifier = publishOnce(transport.notifier);
  const jobs = observability.queue(transport.queue);
  // Projections need no queue where the relay is: it keeps the outbox rows until they are done.
  const queue = has('projector')
    ? gatherProjections(jobs, {
        processStore: database.processStore,
        notifier,
        log,
        onProjected: observability.onProjected,
      })
    : jobs;
  shutdown.add('notifier', () => notifier.close());
  shutdown.add('queue', (timeLeft) => queue.close(timeLeft()));
  notifier.subscribe((state) => {
    live.onState(state);
    live.feedSignal.wake();
  });
  const relay = createRelay({
    outbox: database.outbox,
    queue,
    log,
    leaseMs: config.OUTBOX_LEASE_MS,
    pollMs: config.OUTBOX_POLL_MS,
    batch: RELAY_BATCH,
    isDeadLetter: transport.isDeadLetter,
  });
  shutdown.add('relay', (timeLeft) => relay.stop(timeLeft() / 2));

  // What follows a commit, in this order: callers that wait for the process get their answer first.
  commits.subscribe(
    onCommitted,
    live.onCommitted,
    createPublishState({ processMap, notifier, log }),
    live.feedSignal.wake,
    observability.events({ ...database, processMap, isPersonal: personal.isPersonal }),
  );
  if (has('relay')) {
    commits.subscribe((events) => {
      const rows = events.map((event) => outboxRowOf(event, waitroom.has));
      setImmediate(() => relay.publish(rows));
    });
  }
  const deliverer = openDeliverer({
    ...{ ...setup, database, decrypted, engine, commits },
    deadLetters: transport.deadLetters,
    onTried: observability.onDelivery,
  });
  const parts = { observability, stores, opened, engine, startsInHand, elsewhere };
  return { ...parts, live, transport, startGate, notifier, queue, relay, deliverer };
}

/**
 * Serves HTTP: who may call, and what is answered.
 *
 * @returns the URL that the server listens at
 */
async function serve(setup: Setup, core: Core, stopping: () => boolean): Promise<string> {
  const { config, log, has, shutdown } = setup;
  const { observability, stores, opened, live, transport, queue, elsewhere } = core;
  const { database } = stores;
  const access = await createAccess({ config, store: database.apiKeys, clock: Date.now, log });
  shutdown.add('access', () => access.close());
  const parts = createServerParts({
    ...setup,
    ...core,
    ...stores,
    access,
    rateLimitRedis: await openRateLimit(config, shutdown, log),
    operations: {
      checks: readinessChecks({ ...core, database, isWorker: has('worker') }),
      notes: () => readinessNotes(opened),
      stopping,
      deadLetters: transport.deadLetters,
      onBoards: transport.onBoards,
      idsOf: observability.traceIds.of,
      observe: observability.http({
        ...database,
        ...live,
        queue,
        waiting: () => live.waiting() + elsewhere.waiting(),
      }),
    },
  });
  const { load } = parts.limits;
  const app = await buildServer(parts);
  shutdown.add('HTTP server', (timeLeft) => closeServer(app, timeLeft()));
  // Before the server closes: it holds no more starts.
  shutdown.add('load limits', load.stop);
  // Before the first call: what waits from an earlier run counts.
  if (has('api')) await load.start();
  const url = await listen(app, config);
  if (opened.embedded && config.ENGINE_REST_PORT !== '') {
    const address = { ...config, port: Number(config.ENGINE_REST_PORT) };
    const { checkCaller } = app;
    const served = await serveEmbeddedEngine(opened.embedded, address, { checkCaller, log });
    shutdown.add('REST API of the engine', served.stop);
  }
  return url;
}

/** Starts what runs in the background: jobs, the relay, and the worker for external tasks. */
async function startWork(setup: Setup, core: Core, url: string): Promise<void> {
  const { config, log, env, processes, has, shutdown } = setup;
  const { observability, stores, opened, engine, startsInHand, startGate, relay } = core;
  await startJobs({ ...setup, ...core });
  if (has('relay')) relay.start();
  core.deliverer?.start();
  if (!has('worker')) return;
  const worker = startStepWorker({
    tasks: opened.tasks,
    engineContact: opened.contact,
    steps: readAllSettings(processes, env, url),
    engine,
    startsInHand,
    eventStore: stores.decrypted.eventStore,
    log,
    concurrency: config.WORKER_CONCURRENCY,
    lockDurationMs: config.LOCK_DURATION_MS,
    longPollMs: config.LONG_POLL_MS,
    observers: observability,
    startGate,
  });
  // Closed first, in at most half of the time. The server still listens: load balancers see at /health/ready
  // that the service stops, and calls that still come are answered.
  shutdown.add('worker', (timeLeft) => {
    startGate.close();
    return worker.stop(timeLeft() / 2);
  });
}

async function stop({ config, log, shutdown }: Setup, { live, elsewhere }: Core): Promise<void> {
  log.info({ waiting: live.waiting() }, 'stopping');
  // Load balancers check at intervals: until they notice the stop, calls still come and are served.
  await sleep(config.SHUTDOWN_DELAY_MS);
  // From here on nobody waits: waiting callers get a 202 now, new callers get one at once.
  live.releaseAll();
  elsewhere.release();
  await shutdown.run(config.SHUTDOWN_TIMEOUT_MS);
  log.info('stopped');
}
