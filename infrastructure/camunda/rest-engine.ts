import { FormData } from 'undici';
import { z } from 'zod';
import { type Engine, toEngineVariables } from '../../domain/engine/index.ts';
import { type EngineAuth, noAuth } from './engine-auth.ts';
import { createRestClient } from './rest-client.ts';
import { createRestHistory } from './rest-history.ts';
import { createInspection, instancesAnswer, toInstance, unlessUnknown } from './rest-inspection.ts';
import { createRestCorrelate } from './rest-messages.ts';
import { createRestModels } from './rest-models.ts';
import { createRetryFailed } from './rest-retry.ts';
import { createFindRoot } from './rest-root.ts';
import { createRestUserTasks } from './rest-user-tasks.ts';

interface RestEngineOptions {
  /** For example `http://localhost:8080/engine-rest`. */
  baseUrl: string;
  /** Left out: none. Its owner closes it. */
  auth?: EngineAuth;
  /** Milliseconds for one attempt at a call. */
  timeoutMs?: number;
  /**
   * Milliseconds for what somebody waits for, with all its calls: a message, the version. Left out: as long as those
   * calls take.
   */
  callerTimeoutMs?: number;
}

export interface RestEngine extends Engine {
  close(): Promise<void>;
}

const versionAnswer = z.object({ version: z.string() });
const startAnswer = z.object({ id: z.string() });
const deployAnswer = z.object({ id: z.string() });
/** An answer without a body. */
const nothing = z.null();

/** The engine port on the REST API of Camunda 7 and Operaton. */
export function createRestEngine(options: RestEngineOptions): RestEngine {
  const { baseUrl, auth = noAuth(), timeoutMs = 15_000, callerTimeoutMs } = options;
  const client = createRestClient({ baseUrl, auth, timeoutMs });
  const forCaller = () => (callerTimeoutMs === undefined ? client : client.within(callerTimeoutMs));
  const { call, change } = client;

  async function remove(path: string): Promise<void> {
    await unlessUnknown(() => change(nothing, 'DELETE', path));
  }

  const cancel = (id: string): Promise<void> =>
    remove(
      `/process-instance/${encodeURIComponent(id)}?skipCustomListeners=true&skipIoMappings=true`,
    );

  async function deleteEnded(id: string): Promise<void> {
    const query = new URLSearchParams({ superProcessInstanceId: id });
    const called = await call(instancesAnswer, 'GET', `/history/process-instance?${query}`);
    for (const one of called) await deleteEnded(one.id);
    await remove(`/history/process-instance/${encodeURIComponent(id)}`);
  }

  return {
    async deploy(name, files) {
      const form = new FormData();
      form.set('deployment-name', name);
      form.set('deployment-source', 'fastify-camunda');
      form.set('deploy-changed-only', 'true');
      for (const { fileName: given, content } of files) {
        // Engines read the headers of a part in the encoding of their machine.
        const fileName = encodeURIComponent(given);
        form.set(fileName, new Blob([content], { type: 'text/xml' }), fileName);
      }
      await change(deployAnswer, 'POST', '/deployment/create', form);
    },
    async start(processKey, businessKey, variables) {
      const { id } = await change(
        startAnswer,
        'POST',
        `/process-definition/key/${encodeURIComponent(processKey)}/start`,
        { businessKey, variables: toEngineVariables(variables) },
      );
      return id;
    },
    async findInstances(processKey, businessKey) {
      const query = new URLSearchParams({
        processInstanceBusinessKey: businessKey,
        processDefinitionKey: processKey,
        rootProcessInstances: 'true',
        sortBy: 'startTime',
        sortOrder: 'asc',
      });
      const found = await call(instancesAnswer, 'GET', `/history/process-instance?${query}`);
      return found.map(toInstance);
    },
    findRoot: createFindRoot(call),
    cancel,
    async deleteHistory(processInstanceId) {
      await cancel(processInstanceId);
      await deleteEnded(processInstanceId);
    },
    retryFailed: createRetryFailed({ call, change }),
    ...createInspection(call),
    ...createRestModels(forCaller),
    ...createRestHistory(forCaller),
    ...createRestUserTasks(forCaller),
    correlate: (...message) => createRestCorrelate(forCaller())(...message),
    async version() {
      const { version } = await forCaller().call(versionAnswer, 'GET', '/version');
      return version;
    },
    close: client.close,
  };
}
