import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import type { JsonObject } from '../../../domain/common/json.ts';
import type { EngineVariables } from '../../../domain/engine/engine-variables.ts';
import { createRestEngine, type RestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { bpmn } from '../../support/bpmn/model.ts';
import { engineKinds, engineWithoutCache, type TestEngine } from '../../support/engines.ts';

export interface Answer<T> {
  status: number;
  contentType: string | null;
  body: T;
}

/** An external task as fetchAndLock gives it. */
export interface WireTask {
  id: string;
  activityId: string;
  topicName: string;
  workerId: string;
  lockExpirationTime: string | null;
  processInstanceId: string;
  processDefinitionKey: string;
  businessKey: string | null;
  retries: number | null;
  errorMessage: string | null;
  errorDetails: string | null;
  variables: EngineVariables;
}

export interface EngineError {
  type: string;
  message: string;
}

/** An instance that a test follows; its tasks have the topics `<key>.<activity id>`. */
export interface Followed {
  key: string;
  id: string;
  businessKey: string;
  /** The activities that wait as open external tasks, in the order of the alphabet. */
  open(): Promise<string[]>;
  /** As history has it. */
  state(): Promise<string>;
  variables(): Promise<EngineVariables>;
  /** Locks the activity's open task for worker `w1`, for a minute. */
  lock(activity: string): Promise<WireTask>;
  complete(activity: string, variables?: EngineVariables): Promise<Answer<EngineError>>;
  bpmnError(
    activity: string,
    errorCode: string,
    errorMessage?: string,
  ): Promise<Answer<EngineError>>;
}

export interface Rig {
  engine: RestEngine;
  call<T = EngineError>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
  /** fetchAndLock as the client calls it, by worker `w1`, one task, for a minute. */
  fetch(topicName: string, options?: FetchOptions): Promise<WireTask[]>;
  newKey(): string;
  deploy(key: string, ...elements: string[]): Promise<void>;
  start(key: string, variables?: JsonObject): Promise<Followed>;
  /** Deploys a process of these elements and starts it. */
  run(elements: readonly string[], variables?: JsonObject): Promise<Followed>;
  /** Removes all that it deployed and started. */
  close(): Promise<void>;
}

export interface FetchOptions {
  workerId?: string;
  maxTasks?: number;
  lockDuration?: number;
  asyncResponseTimeout?: number;
  variables?: string[];
}

/** The suite on every engine: nothing but the URL differs. */
export async function describeEngines(title: string, suite: (rig: Rig) => void): Promise<void> {
  describe.each([...(await engineKinds()), engineWithoutCache()])(
    `${title} on $name`,
    ({ available, open }) => {
      describe.skipIf(!available)('when it is available', () => {
        let running: TestEngine | undefined;
        const rig = createRig(() => running?.url ?? '');
        beforeAll(async () => {
          running = await open();
        });
        afterAll(async () => {
          if (!running) return;
          await rig.close();
          await running.stop();
        });
        suite(rig);
      });
    },
  );
}

/** @param url asked at every call: the engine may be started after this, and more than once */
export function createRig(url: () => string): Rig {
  const keys: string[] = [];
  const ports = new Map<string, RestEngine>();
  function port(): RestEngine {
    const baseUrl = url();
    const known = ports.get(baseUrl) ?? createRestEngine({ baseUrl });
    ports.set(baseUrl, known);
    return known;
  }

  async function call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const answer = await fetch(`${url()}${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const contentType = answer.headers.get('content-type');
    const isJson = contentType === 'application/json';
    return {
      status: answer.status,
      contentType,
      body: (isJson ? JSON.parse(text) : text) as T,
    };
  }

  const rig: Rig = {
    get engine() {
      return port();
    },
    call,
    async fetch(topicName, options = {}) {
      const { workerId = 'w1', maxTasks = 1, asyncResponseTimeout, ...rest } = options;
      const { body } = await call<WireTask[]>('POST', '/external-task/fetchAndLock', {
        workerId,
        maxTasks,
        usePriority: true,
        ...(asyncResponseTimeout ? { asyncResponseTimeout } : {}),
        topics: [{ topicName, lockDuration: 60_000, ...rest }],
      });
      return body;
    },
    newKey() {
      const key = `engine-suite-${randomUUID()}`;
      keys.push(key);
      return key;
    },
    async deploy(key, ...elements) {
      await port().deploy(key, [{ fileName: `${key}.bpmn`, content: bpmn(key, ...elements) }]);
    },
    async start(key, variables = {}) {
      const businessKey = `business-${randomUUID()}`;
      const id = await port().start(key, businessKey, variables);
      return follow(rig, key, id, businessKey);
    },
    async run(elements, variables) {
      const key = rig.newKey();
      await rig.deploy(key, ...elements);
      return rig.start(key, variables);
    },
    async close() {
      await Promise.all(keys.map((key) => removeProcess(rig, key)));
      await Promise.all([...ports.values()].map((one) => one.close()));
    },
  };
  return rig;
}

function follow(rig: Rig, key: string, id: string, businessKey: string): Followed {
  async function lock(activity: string): Promise<WireTask> {
    const [task] = await rig.fetch(`${key}.${activity}`);
    if (!task) throw new Error(`no task is open at ${activity}`);
    return task;
  }
  async function end(activity: string, how: string, body: object): Promise<Answer<EngineError>> {
    const { id: taskId, workerId } = await lock(activity);
    return rig.call('POST', `/external-task/${taskId}/${how}`, { workerId, ...body });
  }
  return {
    key,
    id,
    businessKey,
    lock,
    async open() {
      const { body } = await rig.call<WireTask[]>('GET', `/external-task?processInstanceId=${id}`);
      return body.map(({ activityId }) => activityId).sort();
    },
    async state() {
      const path = `/history/process-instance/${id}`;
      return (await rig.call<{ state: string }>('GET', path)).body.state;
    },
    async variables() {
      // Not deserialized: a Json variable is its text then.
      const path = `/process-instance/${id}/variables?deserializeValues=false`;
      return (await rig.call<EngineVariables>('GET', path)).body;
    },
    complete: (activity, variables = {}) => end(activity, 'complete', { variables }),
    bpmnError: (activity, errorCode, errorMessage) =>
      end(activity, 'bpmnError', { errorCode, errorMessage }),
  };
}

/** Removes what a suite left in an engine that keeps running; the embedded one is thrown away. */
async function removeProcess(rig: Rig, key: string): Promise<void> {
  const { body } = await rig.call<{ deploymentId: string }[]>(
    'GET',
    `/process-definition?key=${key}`,
  );
  for (const { deploymentId } of body) {
    await rig.call('DELETE', `/deployment/${deploymentId}?cascade=true`);
  }
}

/** A row of one of the engine's lists. */
export type RestRow = Record<string, unknown> & { id: string };

/** Reads the lists of an engine's REST API. */
export function restRows(rig: Rig) {
  const rows = async (path: string) => (await rig.call<RestRow[]>('GET', path)).body;
  const only = async (path: string): Promise<RestRow> => {
    const [row, ...others] = await rows(path);
    if (!row || others.length > 0) throw new Error(`${path} has not exactly one row`);
    return row;
  };
  return { rows, only };
}
