import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type EngineKind, engineApi, type TestEngine } from './engines.ts';
import { writeProcess } from './process-folders.ts';
import { createFolder, type Folder, startTestService, type TestService } from './service.ts';
import { STANDING_STEPS, standingModel } from './standing-process.ts';

export interface StandingService {
  folder: Folder;
  service: TestService;
  /** Null: the embedded engine, which is the service's own. */
  engineUrl: string | null;
  /** Stops the service, and starts it again with a model whose user task has this name. */
  deployAgain(asked: string): Promise<void>;
}

/**
 * Starts a service on an engine with the process of `standingModel`, for the tests of a block.
 *
 * @param isCalm without the step that fails
 * @returns its key
 */
export function useStandingProcess(
  kind: EngineKind,
  use: (standing: StandingService) => void,
  isCalm = false,
): string {
  const steps = STANDING_STEPS.filter(({ fails }) => !isCalm || !fails);
  const key = `standing-${randomUUID().slice(0, 8)}`;
  let engine: TestEngine | undefined;
  let standing: StandingService | undefined;
  beforeAll(async () => {
    engine = kind.isDirect ? undefined : await kind.open();
    const folder = createFolder();
    const processes = join(folder.path, 'processes');
    const settings = {
      PROCESSES_DIR: processes,
      CAMUNDA_BASE_URL: engine?.url ?? '',
      ROLLUP_EVERY_MS: '100',
    };
    writeProcess(processes, key, standingModel(key, undefined, isCalm), steps);
    const made: StandingService = {
      folder,
      service: await startTestService(settings, folder),
      engineUrl: engine?.url ?? null,
      async deployAgain(asked) {
        await made.service.stop();
        writeProcess(processes, key, standingModel(key, asked, isCalm), steps);
        made.service = await startTestService(settings, folder);
      },
    };
    standing = made;
    use(made);
  });
  afterAll(async () => {
    await standing?.service.stop();
    standing?.folder.remove();
    if (engine) await engineApi(engine.url).removeProcess(key);
    await engine?.stop();
  });
  return key;
}
