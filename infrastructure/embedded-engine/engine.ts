import type { Log } from '../../domain/common/index.ts';
import { timeOrderedId } from '../../domain/ids/index.ts';
import { bringOverInstances } from './bring-over.ts';
import { bringOverDefinitions } from './bring-over-definitions.ts';
import { createDefinitions } from './definitions.ts';
import { createDeployments } from './deployments.ts';
import type { EmbeddedEngine } from './engine-api.ts';
import { createCore } from './engine-core.ts';
import { createEvents } from './events.ts';
import { createExternalTasks } from './external-tasks.ts';
import { createFetches } from './fetch-and-lock.ts';
import { createHistory } from './history.ts';
import { createInstances } from './instances.ts';
import { createJobRunner } from './job-runner.ts';
import { createJobs } from './jobs.ts';
import { nodeId } from './public-ids.ts';
import { createRemoval } from './removal.ts';
import { createSignalDelivery } from './signal-delivery.ts';
import { createStates } from './states.ts';
import type { EngineStore } from './store/store.ts';
import { createTaskQueues } from './task-queues.ts';
import { createUserTasks } from './user-tasks.ts';

interface EngineOptions {
  log: Pick<Log, 'warn' | 'error'> & Partial<Pick<Log, 'info'>>;
  now?: () => number;
  newId?: () => string;
  /** States of instances that are kept in memory; the others are read when something happens. */
  cachedStates?: number;
  /** `camunda:failedJobRetryTimeCycle` of all that has none; left out: three attempts at once, as in Camunda. */
  retryCycle?: string;
}

/** Opens the engine on its tables: whatever waited when it was closed or killed waits again. */
export function openEngine(store: EngineStore, options: EngineOptions): EmbeddedEngine {
  const { log, now = Date.now, newId = timeOrderedId, cachedStates = 2_000, retryCycle } = options;
  const states = createStates(store, cachedStates);
  bringOverDefinitions(store, now(), log);
  const definitions = createDefinitions(store);
  bringOverInstances({ store, states, definitions, now: now(), newId, log });
  const core = createCore({
    ...{ store, states, definitions, now, newId, log },
    ...(retryCycle === undefined ? {} : { retryCycle }),
  });
  const queues = createTaskQueues(store.externalTasks, now);
  const fetches = createFetches(core, queues);
  const runner = createJobRunner(core);
  const removal = createRemoval(core);
  const delivery = createSignalDelivery(core);
  const jobs = createJobs(core, runner);

  core.onOutcome((outcome) => {
    const { openedTasks, closedTasks } = outcome;
    for (const { rootId, node } of closedTasks) queues.closed(nodeId(rootId, node));
    if (openedTasks.length > 0) {
      queues.opened(openedTasks);
      fetches.serve(new Set(openedTasks.map(({ topic }) => topic)));
    }
    runner.onOutcome(outcome);
    if (outcome.hasPendingSignals) delivery.wake();
  });
  runner.start();
  delivery.start();
  removal.start();

  return {
    deployments: createDeployments(core, () => runner.arm(now())),
    instances: createInstances(core, jobs),
    externalTasks: createExternalTasks(core, queues, fetches),
    userTasks: createUserTasks(core),
    events: createEvents(core, delivery),
    jobs,
    history: createHistory(core),
    unreadable: states.unreadable,
    async close() {
      runner.stop();
      delivery.stop();
      removal.stop();
      fetches.close();
      await core.close();
    },
  };
}
