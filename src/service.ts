import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { v7 as timeOrderedId } from 'uuid';
import { SetupError } from '../domain/common/index.ts';
import { createFeedSignal } from '../domain/feed/index.ts';
import {
  createCatchUp,
  createFindProcess,
  createProcessMap,
  createPublishState,
  type ProcessState,
  type StoredEvent,
} from '../domain/process/index.ts';
import { rollupLag } from '../domain/rollups/index.ts';
import { observedEngine, observedEventStore } from '../infrastructure/observability/observed.ts';
import { outboxRowOf } from '../jobs/event-jobs.ts';
import { createRelay } from '../jobs/relay-outbox.ts';
import { createAccess } from './access/access.ts';
import { readPolicy } from './access/policy.ts';
import { dataLockMode, lockDataDir } from './composition/database/data-lock.ts';
import { openDatabase } from './composition/database/database-target.ts';
import { openPersonalData } from './composition/database/personal-data.ts';
import { warnOfUncheckedTopics } from './composition/definitions/check-model.ts';
import {
  attemptsOf,
  loadProcesses,
  readAllSettings,
} from './composition/definitions/load-processes.ts';
import { openProcessEngine } from './composition/engine/process-engine.ts';
import { startStepWorker } from './composition/engine/step-worker.ts';
import { jobHandlersOf } from './composition/jobs/job-handlers.ts';
import { checkPurge, openPurge } from './composition/jobs/purge.ts';
import { scheduleArchive } from './composition/jobs/schedule-archive.ts';
import { scheduleReconciler } from './composition/jobs/schedule-reconciler.ts';
import { scheduleRollup } from './composition/jobs/schedule-rollup.ts';
import { checkRoles } from './composition/lifecycle/check-roles.ts';
import { createCommits } from './composition/lifecycle/commits.ts';
import { readinessChecks } from './composition/lifecycle/readiness-checks.ts';
import { createShutdown } from './composition/lifecycle/shutdown.ts';
import { VERSION } from './composition/lifecycle/version.ts';
import { openObservability } from './composition/observability/observability.ts';
import { openRateLimit } from './composition/queue/rate-limit.ts';
import { openTransport } from './composition/queue/transport.ts';
import { type Config, redactConfig } from './config.ts';
import { buildServer, closeServer } from './http/server.ts';
import { createReaders } from './http/streaming/reader-pace.ts';
import { createLoadLimits } from './http/waiting/load-limits.ts';

export interface Service {
  /** Where it listens. */
  url: string;
  /** Stops gracefully (G12): callers get their answer, running steps and jobs end or are given back. */
  stop(): Promise<void>;
}

/** Rows the relay takes from the outbox at once. */
const RELAY_BATCH = 200;
/** Connections that the system keeps until they are accepted: of a rush beyond Node's 511 some are reset. */
const LISTEN_BACKLOG = 4_096;

/**
 * Builds the whole service, top to bottom, and starts the roles of this instance.
 *
 * @param env where the processes find their settings
 * @param onCommitted hears of the events of each append, right after its commit: for measurements
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
  const processes = await loadProcesses(config.PROCESSES_DIR || undefined);
  readAllSettings(processes, env, config.PORT);
  warnOfUncheckedTopics(processes, log);
  const has = checkRoles(config);
  const shutdown = createShutdown(log);
  try {
    return await build();
  } catch (error) {
    await shutdown.run(config.SHUTDOWN_TIMEOUT_MS);
    throw error;
  }

  /** Opens part after part; they are closed the other way round. */
  async function build(): Promise<Service> {
    const lockMode = dataLockMode(config);
    if (lockMode) shutdown.add('data folder', lockDataDir(config.DATA_DIR, lockMode));

    const observability = openObservability(config, log, env);
    shutdown.add('traces', (timeLeft) => observability.stop(timeLeft()));

    // Database: the events and what is projected from them.
    const commits = createCommits();
    const leaseMs = has('relay') ? config.OUTBOX_LEASE_MS : 0;
    const database = await openDatabase(config, {
      clock: Date.now,
      leaseMs,
      onAppended: commits.publish,
      warn: (message) => log.warn(message),
    });
    shutdown.add('database', () => database.close());
    const { outbox } = database;
    // What is personal is sealed from here on down, and in everything that memory and Redis hold.
    const personal = await openPersonalData(config, processes, database.processKeys, log);
    const eventStore = personal.eventStore(observedEventStore(database.eventStore, observability));
    const processStore = personal.processStore(database.processStore);
    const eventFeed = personal.eventFeed(database.eventFeed);
    // Alone on the data folder, so no other relay: what a killed predecessor had taken is due.
    if (database.kind === 'sqlite' && lockMode === 'exclusive') await outbox.releaseAll();

    const opened = await openProcessEngine(config, processes, observability.log);
    const { baseUrl, auth } = opened;
    shutdown.add('engine', opened.stop);
    const engine = observedEngine(opened.engine, observability);

    // In memory: what callers wait for and ask about.
    const processMap = createProcessMap(config.PROCESS_MAP_MAX);
    const waitroom = personal.waitroom(observability.waitroom());
    const feedSignal = createFeedSignal({ feed: eventFeed, log });
    shutdown.add('feed signal', feedSignal.close);
    const waiting = () => waitroom.size() + feedSignal.size();
    const followers = createReaders();
    const limits = createLoadLimits({
      waiting,
      makeRoom: followers.makeRoom,
      outbox,
      processStore,
      waitersMax: config.WAITERS_MAX,
      backlogMax: config.BACKLOG_MAX,
      pendingMax: config.PENDING_MAX,
      log,
    });
    shutdown.add('load limits', limits.stop);
    const onState = (state: ProcessState): void => {
      if (processMap.set(state)) waitroom.notify(state);
    };
    const findProcess = personal.opened(createFindProcess({ ...database, processMap, onState }));

    // Transport: jobs between the roles, states to every instance.
    const catchUp = createCatchUp({ processMap, waitroom, findProcess, log: observability.log });
    const transport = await openTransport(config, observability.log, () => void catchUp());
    const { notifier } = transport;
    const queue = observability.queue(transport.queue);
    shutdown.add('notifier', () => notifier.close());
    shutdown.add('queue', (timeLeft) => queue.close(timeLeft()));
    notifier.subscribe((state) => {
      onState(state);
      feedSignal.wake();
    });
    const relay = createRelay({
      outbox,
      queue,
      log,
      leaseMs: config.OUTBOX_LEASE_MS,
      pollMs: config.OUTBOX_POLL_MS,
      batch: RELAY_BATCH,
      isDeadLetter: transport.isDeadLetter,
    });
    shutdown.add('relay', (timeLeft) => relay.stop(timeLeft() / 2));
    // What follows a commit, in this order: whoever waits for the process has its answer first.
    commits.subscribe(
      onCommitted,
      createPublishState({ processMap, notifier, log }),
      feedSignal.wake,
      observability.events({ ...database, processMap, isPersonal: personal.isPersonal }),
    );
    if (has('relay')) {
      commits.subscribe((events) => setImmediate(() => relay.publish(events.map(outboxRowOf))));
    }

    // HTTP.
    const access = await createAccess({ config, store: database.apiKeys, clock: Date.now, log });
    shutdown.add('access', () => access.close());
    let stopping: Promise<void> | undefined;
    const app = await buildServer({
      log,
      version: VERSION,
      definitions: new Map(processes.map(({ definition }) => [definition.key, definition])),
      eventStore,
      processStore,
      analytics: database.analytics,
      eventFeed,
      feedRows: database.feedRows,
      exportsMax: config.EXPORTS_MAX,
      feedSignal,
      engine,
      waitroom,
      limits,
      followers,
      findProcess,
      // Random ids would put each new stream on another page of the indexes: with 64 callers most of a commit.
      newId: timeOrderedId,
      checks: readinessChecks({
        database,
        queue,
        transport,
        opened,
        engine,
        isWorker: has('worker'),
      }),
      stopping: () => stopping !== undefined,
      idsOf: observability.traceIds.of,
      observe: observability.http({ ...database, queue, waiting, processMap }),
      api: has('api'),
      deadLetters: transport.deadLetters,
      attention: database.attention,
      outbox,
      rollupLag: () =>
        rollupLag({ store: database.rollups, source: database.rollupSource, clock: Date.now }),
      boards: transport.boards,
      onBoards: transport.onBoards,
      waitTimeoutMs: config.WAIT_TIMEOUT_MS,
      bodyLimit: config.BODY_LIMIT,
      requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
      connectionsPerAddressMax: config.CONNECTIONS_PER_ADDRESS_MAX,
      rateLimitPerMinute: config.RATE_LIMIT_PER_MINUTE,
      rateLimitRedis: openRateLimit(config, shutdown, log),
      trustProxy: config.TRUST_PROXY,
      access,
    });
    shutdown.add('HTTP server', (timeLeft) => closeServer(app, timeLeft()));
    const url = await listen();

    // Work: jobs, outbox, external tasks.
    if (has('api')) limits.start();
    const work = {
      eventStore,
      processStore: database.processStore,
      notifier,
      engine,
      attemptsOf: attemptsOf(processes),
    };
    await queue.work(jobHandlersOf(has, work));
    if (has('relay')) relay.start();
    if (has('worker')) {
      const processKeys = processes.map(({ definition }) => definition.key);
      const ports = { ...work, processKeys: database.processKeys, log, clock: Date.now };
      await scheduleReconciler({ config, queue, processKeys, ports });
    }
    if (has('projector')) {
      const { rollups: store, rollupSource: source } = database;
      await scheduleRollup({ config, queue, source, store });
    }
    if (has('retention')) {
      const { log, metrics } = observability;
      const { archive, maintenanceLock } = database;
      const purge = openPurge(config, database);
      await scheduleArchive({ config, queue, archive, purge, maintenanceLock, log, metrics });
    }
    const worker = has('worker')
      ? startStepWorker({
          baseUrl,
          auth,
          steps: readAllSettings(processes, env, url),
          engine,
          eventStore,
          log,
          concurrency: config.WORKER_CONCURRENCY,
          lockDurationMs: config.LOCK_DURATION_MS,
          longPollMs: config.LONG_POLL_MS,
          observers: observability,
        })
      : undefined;
    // Closed first, and with it no more than half of the time gone. The listener stays open meanwhile:
    // whoever asks /health/ready sees that no more calls should come, and those that do are answered.
    shutdown.add('worker', (timeLeft) => worker?.stop(timeLeft() / 2));
    log.info({ url, roles: config.ROLES }, 'ready');

    async function listen(): Promise<string> {
      try {
        return await app.listen({ host: config.HOST, port: config.PORT, backlog: LISTEN_BACKLOG });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new SetupError(`PORT: cannot listen on ${config.HOST}:${config.PORT}: ${reason}`, {
          cause,
        });
      }
    }

    async function stop(): Promise<void> {
      log.info({ waiting: waiting() }, 'stopping');
      // Load balancers ask now and then: until they have, calls go on coming, and are served.
      await sleep(config.SHUTDOWN_DELAY_MS);
      // From here on nobody waits: who does gets a 202 now, who comes gets one at once.
      waitroom.releaseAll();
      feedSignal.close();
      await shutdown.run(config.SHUTDOWN_TIMEOUT_MS);
      log.info('stopped');
    }

    return {
      url,
      stop: () => {
        stopping ??= stop();
        return stopping;
      },
    };
  }
}
