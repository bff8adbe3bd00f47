import { join } from 'node:path';
import { startEmbeddedEngine } from '../../infrastructure/embedded-engine/start.ts';
import { temporaryFolder } from './databases.ts';
import { serverUrl } from './servers.ts';

export interface TestEngine {
  /** Base URL of its REST API: all that the suites know of it. */
  url: string;
  stop(): Promise<void>;
}

export interface EngineKind {
  name: string;
  available: boolean;
  open(): Promise<TestEngine>;
}

/** Every engine the suites run against. */
export async function engineKinds(): Promise<EngineKind[]> {
  const [operaton, camunda7] = await Promise.all([serverUrl('operaton'), serverUrl('camunda7')]);
  return [embeddedEngine(), running('Operaton', operaton), running('Camunda 7', camunda7)];
}

/** The embedded engine as the service runs it. */
export function embeddedEngine(): EngineKind {
  return embedded('the embedded engine', {});
}

/**
 * The embedded engine with nothing kept in memory: every step starts from what the step before saved,
 * as after a restart.
 */
export function forgetfulEngine(): EngineKind {
  return embedded('the embedded engine, restored before every step', { liveInstances: 0 });
}

function embedded(name: string, options: { liveInstances?: number }): EngineKind {
  return {
    name,
    available: true,
    async open() {
      const folder = temporaryFolder();
      const file = join(folder.path, 'test.db');
      const log = { warn: complain, error: complain };
      const engine = await startEmbeddedEngine({ ...options, file, secret: null, log });
      return {
        url: engine.url,
        async stop() {
          await engine.stop();
          folder.remove();
        },
      };
    },
  };
}

/** One that runs already, and goes on when the suite is done. */
function running(name: string, url: string | null): EngineKind {
  return {
    name,
    available: url !== null,
    open: async () => ({ url: url ?? '', stop: async () => {} }),
  };
}

function complain(fields: object, message: string): void {
  process.stderr.write(`embedded engine: ${message} ${JSON.stringify(fields)}\n`);
}
