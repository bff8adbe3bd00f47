import { join } from 'node:path';
import type { Values } from '../../../domain/bpmn/index.ts';
import { openEngine } from '../../../infrastructure/embedded-engine/engine.ts';
import type {
  EmbeddedEngine,
  LockedTask,
  ProcessInstance,
} from '../../../infrastructure/embedded-engine/engine-api.ts';
import { createEngineStore } from '../../../infrastructure/embedded-engine/store/store.ts';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';
import { bpmnFile } from '../../support/bpmn/model.ts';
import { until } from '../../support/children.ts';
import { temporaryFolder } from '../../support/databases.ts';

/** The engine called directly, on a file that outlives it. */
export interface InProcess {
  engine: EmbeddedEngine;
  db: ReturnType<typeof openSqlite>;
  /** Closes it and opens it again. */
  restart(): Promise<void>;
  /** The processes of one file, by their keys. */
  deploy(processes: Readonly<Record<string, readonly string[]>>): Promise<void>;
  start(key: string, variables?: Values, businessKey?: string): Promise<ProcessInstance>;
  fetch(topic: string, options?: { maxTasks?: number; waitMs?: number }): Promise<LockedTask[]>;
  /** Locks the one task of the topic and completes it. */
  complete(topic: string, variables?: Values): Promise<void>;
  /** The open activities of all external tasks of an instance. */
  open(instanceId: string): string[];
  opens(instanceId: string, ...activities: string[]): Promise<unknown>;
  /** Puts the clock on. */
  passes(ms: number): void;
  close(): Promise<void>;
}

export function openInProcess(
  options: { cachedStates?: number; retryCycle?: string } = {},
): InProcess {
  const folder = temporaryFolder();
  const file = join(folder.path, 'engine.db');
  const logged = (fields: object, message: string): void => {
    process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
  };
  let ahead = 0;
  const now = (): number => Date.now() + ahead;

  function open() {
    const db = openSqlite(file, 'ordered');
    const log = { warn: () => {}, error: logged };
    return { db, engine: openEngine(createEngineStore(db), { ...options, now, log }) };
  }

  const rig: InProcess = {
    ...open(),
    async restart() {
      await rig.engine.close();
      rig.db.close();
      Object.assign(rig, open());
    },
    async deploy(processes) {
      const content = bpmnFile(processes);
      await rig.engine.deployments.deploy([{ fileName: 'test.bpmn', content }]);
    },
    async start(key, variables = {}, businessKey = 'business') {
      const id = await rig.engine.instances.startByKey(key, { businessKey, variables });
      return rig.engine.history.instance(id);
    },
    fetch(topicName, { maxTasks = 1, waitMs = 0 } = {}) {
      const topics = [{ topicName, lockDuration: 60_000 }];
      const request = { workerId: 'w', maxTasks, topics, asyncResponseTimeout: waitMs };
      return rig.engine.externalTasks.fetchAndLock(request).tasks;
    },
    async complete(topic, variables = {}) {
      const [task] = await rig.fetch(topic);
      if (!task) throw new Error(`no task is open for ${topic}`);
      await rig.engine.externalTasks.complete(task.id, 'w', variables);
    },
    open: (id) =>
      rig.engine.externalTasks
        .list({ processInstanceIds: [id] })
        .map(({ activityId }) => activityId)
        .sort(),
    opens: (id, ...activities) =>
      until(async () => rig.open(id).join() === activities.join(), `open: ${activities.join()}`),
    passes(ms) {
      ahead += ms;
    },
    async close() {
      await rig.engine.close();
      rig.db.close();
      folder.remove();
    },
  };
  return rig;
}

export const text = (value: string) => ({ type: 'String', value });
