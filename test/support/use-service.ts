import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { type EngineKind, engineApi, type TestEngine } from './engines.ts';
import { ownProcess } from './process-folders.ts';
import { startTestService, type TestService } from './service.ts';

/** Starts a service for the tests of a block, and stops it at the end and removes its folder. */
export function useTestService(use: (service: TestService) => void): void {
  let service: TestService | undefined;
  beforeAll(async () => {
    service = await startTestService();
    use(service);
  });
  afterAll(async () => {
    await service?.stop();
    service?.folder.remove();
  });
}

/**
 * Starts a service on an engine for the tests of a block, with a copy of one process. The copy has a key of its own,
 * because other tests use the same engine, and is removed from it at the end.
 *
 * @param from the folder of the process `original`
 * @returns the key of the copy
 */
export function useOwnProcess(
  kind: EngineKind,
  from: string,
  original: string,
  use: (service: TestService) => void,
): string {
  const key = `${original}-${randomUUID().slice(0, 8)}`;
  let processes: ReturnType<typeof ownProcess> | undefined;
  let engine: TestEngine | undefined;
  let service: TestService | undefined;
  beforeAll(async () => {
    processes = ownProcess(from, original, key);
    // The embedded engine is the service's own.
    engine = kind.name.includes('embedded') ? undefined : await kind.open();
    service = await startTestService({
      PROCESSES_DIR: processes.path,
      CAMUNDA_BASE_URL: engine?.url ?? '',
    });
    use(service);
  });
  afterAll(async () => {
    await service?.stop();
    service?.folder.remove();
    if (engine) await engineApi(engine.url).removeProcess(key);
    await engine?.stop();
    processes?.remove();
  });
  return key;
}
