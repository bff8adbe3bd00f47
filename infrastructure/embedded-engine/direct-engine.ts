import { EngineRefusedError, EngineUnavailableError } from '../../domain/common/index.ts';
import { createCorrelate, type Engine } from '../../domain/engine/index.ts';
import { decodeXml } from './decode-xml.ts';
import { callDirectly, unlessGone } from './direct-call.ts';
import { createDirectHistory } from './direct-history.ts';
import { createDirectInspection, toInstance } from './direct-inspection.ts';
import { createDirectModels } from './direct-models.ts';
import { createDirectUserTasks } from './direct-user-tasks.ts';
import { toValues } from './direct-values.ts';
import { type DeployedFile, type EmbeddedEngine, ENGINE_VERSION } from './engine-api.ts';
import { incidentRowsIn } from './incident-rows.ts';

export interface DirectEngine extends Engine {
  /** From here on it is unavailable. The embedded engine is closed by its owner. */
  close(): Promise<void>;
}

/** Attempts that a failed job gets: what the engines give a new one. */
const JOB_ATTEMPTS = 3;

/** The engine port by direct calls of the embedded engine. */
export function createDirectEngine(engine: EmbeddedEngine): DirectEngine {
  const { deployments, instances, externalTasks, jobs, events, history } = engine;
  let isClosed = false;

  function call<T>(work: () => Promise<T> | T): Promise<T> {
    return callDirectly(() => {
      if (isClosed) throw new EngineUnavailableError('the embedded engine is closed');
      return work();
    });
  }

  async function cancel(id: string): Promise<void> {
    await unlessGone(() => call(() => instances.delete(id, null)));
  }

  async function giveBack(
    configuration: string,
    type: string,
    attemptsOf: Parameters<Engine['retryFailed']>[1],
  ): Promise<void> {
    if (type === 'failedJob') {
      // Now, whatever its retry cycle says; and before it may run, after which it is gone.
      await jobs.setDueDate(configuration, null);
      await jobs.setRetries(configuration, JOB_ATTEMPTS);
      return;
    }
    const { topic, processKey, activityId } = externalTasks.get(configuration);
    await externalTasks.setRetries(configuration, attemptsOf({ processKey, topic, activityId }));
  }

  return {
    async deploy(name, files) {
      const options = { name, source: 'fastify-camunda', changedOnly: true };
      await call(() => deployments.deploy(files.map(readFile), options));
    },
    start: (processKey, businessKey, variables) =>
      call(() => instances.startByKey(processKey, { businessKey, variables: toValues(variables) })),
    findInstances: (processKey, businessKey) =>
      call(() => {
        const filter = { businessKeys: [businessKey], processKeys: [processKey], rootsOnly: true };
        return instances.list(filter).map(toInstance);
      }),
    findRoot: (processInstanceId) =>
      call(() => {
        const root = instances.rootOf(processInstanceId);
        if (!root) return null;
        const { id, businessKey, processKey } = root;
        return { processInstanceId: id, businessKey, processKey };
      }),
    cancel,
    async deleteHistory(processInstanceId) {
      await cancel(processInstanceId);
      await unlessGone(() => call(() => history.delete(processInstanceId)));
    },
    async retryFailed(processInstanceId, attemptsOf) {
      for (const { root } of await call(() => incidentRowsIn(engine, processInstanceId))) {
        // Between the look and the call it may have been mended by somebody else.
        await unlessGone(() => call(() => giveBack(root.configuration, root.type, attemptsOf)));
      }
    },
    ...createDirectInspection(engine, call),
    ...createDirectModels(engine, call),
    ...createDirectHistory(engine, call),
    ...createDirectUserTasks(engine, call),
    correlate: createCorrelate({
      waitingIn: (messageName, processInstanceId) =>
        call(() => instances.executions({ processInstanceId, messageName })),
      calledBy: (superId) =>
        call(() => instances.list({ superId, states: ['ACTIVE'] }).map(({ id }) => id)),
      deliver: (messageName, { id }, variables) =>
        call(() => events.messageEventReceived(id, messageName, toValues(variables))),
      isAnswer: (error) => error instanceof EngineRefusedError,
    }),
    version: () => call(() => ENGINE_VERSION),
    async close() {
      isClosed = true;
    },
  };
}

/** As the REST API gets it: a file's name is encoded there. */
function readFile({ fileName, content }: Parameters<Engine['deploy']>[1][number]): DeployedFile {
  return {
    fileName: encodeURIComponent(fileName),
    content: typeof content === 'string' ? content : decoded(fileName, content),
  };
}

function decoded(fileName: string, content: Uint8Array): string {
  try {
    return decodeXml(content);
  } catch (cause) {
    throw new EngineRefusedError(400, `${fileName}: ${String(cause)} (embedded engine)`, { cause });
  }
}
