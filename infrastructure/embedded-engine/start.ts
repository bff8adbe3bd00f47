import { Worker } from 'node:worker_threads';
import type { Log } from '../../domain/common/index.ts';
import type { ThreadData, ThreadMessage } from './thread.ts';

interface EmbeddedEngineOptions {
  /** The SQLite file, shared with the service. */
  file: string;
  /**
   * What every call of its REST API must bring, as a bearer token; null: anybody on this machine is let in, for test
   * suites and benchmarks.
   */
  secret: string | null;
  host?: string;
  /** Left out: a free one. */
  port?: number;
  /**
   * Instances kept in memory, by default 2,000; the others are read from the database when
   * something happens.
   */
  liveInstances?: number;
  /** Overwrites in the file what it deletes: for variables that are to be erased. */
  zeroing?: boolean;
  log: Pick<Log, 'warn' | 'error'>;
}

export interface RunningEngine {
  /** Base URL of its REST API, as for CAMUNDA_BASE_URL. */
  url: string;
  stop(): Promise<void>;
}

/** The longest time that the thread has to close before it is terminated. */
const STOP_TIMEOUT_MS = 5_000;

/**
 * Starts the embedded engine in a thread of its own, so that interpreting BPMN takes nothing from the
 * HTTP server's event loop.
 */
export async function startEmbeddedEngine(options: EmbeddedEngineOptions): Promise<RunningEngine> {
  const { file, host = '127.0.0.1', port = 0, liveInstances = 2_000, log } = options;
  const { zeroing = false, secret } = options;
  const thread = startThread({ file, secret, host, port, liveInstances, zeroing });
  const exited = new Promise<number>((resolve) => thread.once('exit', resolve));
  const listening = await new Promise<string>((resolve, reject) => {
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the embedded engine ended with code ${code}`)));
    thread.on('message', (message: ThreadMessage) => {
      if (message.type === 'listening') resolve(message.url);
      else log[message.level](message.fields, message.message);
    });
  });
  thread.on('error', (error) => {
    // Without its engine the service is of no use; a restart restores both.
    log.error({ err: error }, 'the embedded engine failed');
    throw error;
  });
  return {
    url: listening,
    async stop() {
      thread.postMessage('stop');
      const timer = setTimeout(() => void thread.terminate(), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

function startThread(workerData: ThreadData): Worker {
  const file = import.meta.url.endsWith('.ts') ? './thread-from-source.mjs' : './thread.js';
  return new Worker(new URL(file, import.meta.url), { workerData });
}
