import { randomUUID } from 'node:crypto';
import type { Engine } from '../../domain/engine/engine.ts';
import type { Job } from '../../domain/outbox/queue.ts';
import { createRestEngine } from '../../infrastructure/camunda/rest-engine.ts';
import { bpmn, end, flows, start, task } from './bpmn/model.ts';
import type { TestDatabase } from './databases.ts';
import { databaseKinds } from './databases.ts';
import { engineApi } from './engine-api.ts';
import type { EngineKind } from './engine-kinds.ts';
import { requested } from './events.ts';

/** An engine with a process of one task that nobody works on, and a database: for the engine's jobs. */
export async function openInstances(kind: EngineKind) {
  const key = `instances-${randomUUID()}`;
  const running = await kind.open();
  const engine = createRestEngine({ baseUrl: running.url });
  const content = bpmn(
    key,
    start(),
    task('wait', `${key}.wait`),
    end(),
    flows('start', 'wait', 'end'),
  );
  await engine.deploy(key, [{ fileName: `${key}.bpmn`, content }]);
  const sqlite = databaseKinds().find(({ name }) => name === 'SQLite');
  if (!sqlite) throw new Error('no SQLite');
  const database: TestDatabase = await sqlite.open();
  return {
    key,
    engine: engine as Engine,
    eventStore: database.eventStore,
    /** Requests a process; gives back its start-instance job. */
    async request(correlationId: string, processName = key): Promise<Job> {
      const { events } = await database.eventStore.append(correlationId, [
        { ...requested(), processName },
      ]);
      const eventId = events[0]?.id ?? '';
      return { name: 'start-instance', correlationId, eventId, redelivered: false };
    },
    /** Ids of the instances that run. */
    async active(correlationId: string): Promise<string[]> {
      const found = await engine.findInstances(key, correlationId);
      return found.filter(({ state }) => state === 'active').map((one) => one.processInstanceId);
    },
    /** The types of the stream's events. */
    async types(correlationId: string): Promise<string[]> {
      const events = await database.eventStore.readStream(correlationId);
      return events.map(({ type }) => type);
    },
    async close(): Promise<void> {
      await engineApi(running.url).forget(key);
      await engine.close();
      await running.stop();
      await database.destroy();
    },
  };
}

export type Instances = Awaited<ReturnType<typeof openInstances>>;
