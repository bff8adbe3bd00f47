import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { createCatchUp, createPublishState, type StoredEvent } from '../domain/process/index.ts';
import { observedEngine } from '../infrastructure/observability/observed.ts';
import { outboxRowOf } from '../jobs/event-jobs.ts';
import { createRelay } from '../jobs/relay-outbox.ts';
import { createAccess } from './access/access.ts';
import { readPolicy } from './access/policy.ts';
import { openStores } from './composition/database/stores.ts';
import { warnOfUncheckedTopics } from './composition/definitions/check-model.ts';
import { loadProcesses, readAllSettings } from './composition/definitions/load-processes.ts';
import { openProcessEngine } from './composition/engine/process-engine.ts';
import { startStepWorker } from './composition/engine/step-worker.ts';
import { checkPurge } from './composition/jobs/purge.ts';
import { startJobs } from './composition/jobs/start-jobs.ts';
import { checkRoles } from './composition/lifecycle/check-roles.ts';
import { createCommits } from './composition/lifecycle/commits.ts';
import { createShutdown } from './composition/lifecycle/shutdown.ts';
import { VERSION } from './composition/lifecycle/version.ts';
import { openObservability } from './composition/observability/observability.ts';
import { openRateLimit } from './composition/queue/rate-limit.ts';
import { openTransport } from './composition/queue/transport.ts';
import { listen } from './composition/server/listen.ts';
import { createLive } from './composition/server/live.ts';
import { readinessChecks } from './composition/server/readiness-checks.ts';
import { createServerParts } from './composition/server/server-parts.ts';
import { type Config, redactConfig } from './config.ts';
import { closeServer } from './http/connections/close-server.ts';
import { buildServer } from './http/server.ts';

export interface Service {
  /** Where it listens. */
  url: string;
  /** Stops gracefully (G12): callers get their answer, running steps and jobs end or are given back. */
  stop(): Promise<void>;
}

/** Rows the relay takes from the outbox at once. */
const RELAY_BATCH = 200;

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
    const observability = openObservability(config, log, env);
    shutdown.add('traces', (timeLeft) => observability.stop(timeLeft()));

    // Database: the events and what is projected from them.
    const commits = createCommits();
    const isRelay = has('relay');
    const { publish: onAppended } = commits;
    const common = { config, processes, shutdown, log };
    const stores = await openStores({ ...common, isRelay, onAppended, observers: observability });
    const { database, personal, decrypted } = stores;

    // Engine: where instances run.
    const opened = await openProcessEngine(config, processes, observability.log);
    shutdown.add('engine', opened.stop);
    const engine = observedEngine(opened.engine, observability);

    // In memory: what callers wait for and ask about.
    const waitroom = observability.waitroom();
    const live = createLive({ config, database, decrypted, personal, waitroom, log });
    const { processMap } = live;
    shutdown.add('feed signal', live.feedSignal.close);

    // Transport: jobs between the roles, states to every instance.
    const catchUp = createCatchUp({ ...live, log: observability.log });
    const transport = await openTransport(config, observability.log, () => void catchUp());
    const { notifier } = transport;
    const queue = observability.queue(transport.queue);
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
    // What follows a commit, in this order: whoever waits for the process has its answer first.
    commits.subscribe(
      onCommitted,
      createPublishState({ processMap, notifier, log }),
      live.feedSignal.wake,
      observability.events({ ...database, processMap, isPersonal: personal.isPersonal }),
    );
    if (isRelay) {
      commits.subscribe((events) => setImmediate(() => relay.publish(events.map(outboxRowOf))));
    }

    // HTTP: who may call, and what is answered.
    const access = await createAccess({ config, store: database.apiKeys, clock: Date.now, log });
    shutdown.add('access', () => access.close());
    let stopping: Promise<void> | undefined;
    const isWorker = has('worker');
    const parts = createServerParts({
      ...common,
      database,
      decrypted,
      live,
      engine,
      access,
      rateLimitRedis: openRateLimit(config, shutdown, log),
      operations: {
        checks: readinessChecks({ database, queue, transport, opened, engine, isWorker }),
        stopping: () => stopping !== undefined,
        deadLetters: transport.deadLetters,
        onBoards: transport.onBoards,
        idsOf: observability.traceIds.of,
        observe: observability.http({ ...database, ...live, queue }),
      },
    });
    const { load } = parts.limits;
    shutdown.add('load limits', load.stop);
    const app = await buildServer(parts);
    shutdown.add('HTTP server', (timeLeft) => closeServer(app, timeLeft()));
    const url = await listen(app, config);

    // Work: jobs, outbox, external tasks.
    if (has('api')) load.start();
    await startJobs({ ...common, has, stores, engine, queue, notifier, observability });
    if (isRelay) relay.start();
    const worker = isWorker
      ? startStepWorker({
          baseUrl: opened.baseUrl,
          auth: opened.auth,
          steps: readAllSettings(processes, env, url),
          engine,
          eventStore: decrypted.eventStore,
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

    async function stop(): Promise<void> {
      log.info({ waiting: live.waiting() }, 'stopping');
      // Load balancers ask now and then: until they have, calls go on coming, and are served.
      await sleep(config.SHUTDOWN_DELAY_MS);
      // From here on nobody waits: who does gets a 202 now, who comes gets one at once.
      live.releaseAll();
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
