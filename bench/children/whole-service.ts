import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { readConfig } from '../../src/config.ts';
import { databaseFile } from '../../src/database-target.ts';
import { createLogger } from '../../src/logger.ts';
import { startService } from '../../src/service.ts';
import { answerCalls } from '../support/child.ts';
import { PROCESSES_DIR } from '../support/four-steps.ts';

let file = '';

/** The service as `npm start` runs it, everything embedded, with the processes of bench/. */
const calls = {
  async start({ folder }: { folder: string }): Promise<string> {
    const config = readConfig({ DATA_DIR: join(folder, 'service'), PORT: '0', PROCESSES_DIR });
    file = databaseFile(config);
    const service = await startService(config, createLogger('warn', false), {});
    return service.url;
  },
  /** How many processes have ended well. */
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
