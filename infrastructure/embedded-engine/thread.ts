import { parentPort, workerData } from 'node:worker_threads';
import { openSqlite } from '../sqlite/open.ts';
import { openEngine } from './engine.ts';
import { createEngineStore } from './engine-store.ts';
import { createEngineApi } from './http-api.ts';

/** The data that start.ts passes to this thread. */
export interface ThreadData {
  file: string;
  secret: string | null;
  host: string;
  port: number;
  liveInstances: number;
  zeroing: boolean;
}

/** The messages of this thread to start.ts. */
export type ThreadMessage =
  | { type: 'listening'; url: string }
  | { type: 'log'; level: 'warn' | 'error'; message: string; fields: object };

const { file, secret, host, port, liveInstances, zeroing } = workerData as ThreadData;
const send = (message: ThreadMessage): void => parentPort?.postMessage(message);
const log = (level: 'warn' | 'error') => (fields: object, message: string) => {
  const plain = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );
  send({ type: 'log', level, message, fields: plain });
};

const db = openSqlite(file);
const store = createEngineStore(db, zeroing);
const engine = await openEngine(store, {
  now: Date.now,
  liveInstances,
  log: { warn: log('warn'), error: log('error') },
});
const app = createEngineApi(engine, store, secret);
const address = await app.listen({ host, port });
send({ type: 'listening', url: `${address}/engine-rest` });

parentPort?.once('message', async () => {
  engine.close();
  await app.close();
  db.close();
  parentPort?.close();
});
