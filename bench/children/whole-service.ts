import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { databaseFile } from '../../src/composition/database/database-target.ts';
import { createLogger } from '../../src/composition/observability/logger.ts';
import { readConfig } from '../../src/config.ts';
import { type Service, startService } from '../../src/service.ts';
import { answerCalls } from '../support/child.ts';
import { PROCESSES_DIR } from '../support/four-steps.ts';

let file = '';
let service: Service | undefined;

/** The service as `npm start` runs it, with the processes of bench/; everything embedded unless `env` sets more. */
const calls = {
  async start({ folder, env }: { folder: string; env?: Record<string, string> }): Promise<string> {
    const DATA_DIR = join(folder, 'service');
    const config = readConfig({ DATA_DIR, PORT: '0', PROCESSES_DIR, ...env });
    file = databaseFile(config);
    service = await startService(config, createLogger('warn', false), {});
    return service.url;
  },
  /** Stops gracefully, so that the next round does not wait for locks of this service. */
  async stop(_params: object): Promise<void> {
    await service?.stop();
  },
  /** How many processes have ended with `ok`. */
  ended(_params: object): number {
    const db = new BetterSqlite3(file, { readonly: true });
    const count = db
      .prepare<[], number>("SELECT COUNT(*) FROM process_store WHERE status = 'ok'")
      .pluck()
      .get();
    db.close();
    return count ?? 0;
  },
};

export type WholeService = typeof calls;
answerCalls(calls);
