import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import type { StoredEvent } from '../../domain/process/index.ts';
import { databaseFile } from '../../src/composition/database/database-target.ts';
import { createLogger } from '../../src/composition/observability/logger.ts';
import { readConfig } from '../../src/config.ts';
import { type Service, startService } from '../../src/service.ts';
import { answerCalls } from '../support/child.ts';
import { PROCESSES_DIR } from '../support/four-steps.ts';

let file = '';
let service: Service | undefined;
let ended = 0;

/** The service as `npm start` runs it, with the processes of bench/; everything embedded unless `env` sets more. */
const calls = {
  async start({ folder, env }: { folder: string; env?: Record<string, string> }): Promise<string> {
    const DATA_DIR = join(folder, 'service');
    const config = readConfig({ DATA_DIR, PORT: '0', PROCESSES_DIR, ...env });
    file = databaseFile(config);
    service = await startService(config, createLogger('warn', false), {}, countEnds);
    return service.url;
  },
  /** Stops gracefully, so that the next round does not wait for locks of this service. */
  async stop(_params: object): Promise<void> {
    await service?.stop();
  },
  /** How many processes have ended with `ok`, of those that this service instance has ended. */
  ended: (_params: object): number => ended,
  /** With everything embedded: instances that run in the engine, and events that are still to be published. */
  unfinished(_params: object): { running: number; unpublished: number } {
    const db = new BetterSqlite3(file, { readonly: true });
    const count = (table: string): number =>
      db.prepare<[], number>(`SELECT COUNT(*) FROM ${table}`).pluck().get() ?? 0;
    const counts = { running: count('engine_state'), unpublished: count('outbox') };
    db.close();
    return counts;
  },
  /**
   * Bytes of memory: what is in use, garbage collected before if the process was started with `--expose-gc`, and the most
   * that the process has had (resident set).
   */
  memory(_params: object): { used: number; peak: number } {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return { used: heapUsed + external, peak: process.resourceUsage().maxRSS * 1_024 };
  },
};

function countEnds(events: readonly StoredEvent[]): void {
  for (const { type } of events) if (type === 'process-completed') ended++;
}

export type WholeService = typeof calls;
answerCalls(calls);
