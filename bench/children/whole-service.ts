import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import type { StoredEvent } from '../../domain/process/index.ts';
import { databaseFile } from '../../src/composition/database/database-target.ts';
import { createLogger } from '../../src/composition/observability/logger.ts';
import { readConfig } from '../../src/config.ts';
import { type Service, startService } from '../../src/service.ts';
import { answerCalls } from '../support/child.ts';
import { PROCESSES_DIR } from '../support/four-steps.ts';

/** What the service holds at a moment, bytes after a garbage collection where not said otherwise. */
export interface Held {
  /** Processes that have ended with `ok`. */
  ended: number;
  heap: number;
  /** Outside of the heap; `arrayBuffers` is a part of it. */
  external: number;
  arrayBuffers: number;
  /** Resident set; with the mapped part of the database file, as far as the system keeps that in memory. */
  rss: number;
  /** Of the resident set what is not a mapped file; 0 where /proc does not tell. */
  anonymous: number;
  database: number;
  wal: number;
  /** Sockets, timers, threads and pending file operations. */
  handles: number;
}

let file = '';
let service: Service | undefined;
let ended = 0;

/** The service as `npm start` runs it, with the processes of bench/; everything embedded unless `env` sets more. */
const calls = {
  async start({ folder, env }: { folder: string; env?: Record<string, string> }): Promise<string> {
    const DATA_DIR = join(folder, 'service');
    const config = readConfig({ DATA_DIR, PORT: '0', PROCESSES_DIR, ...env });
    file = databaseFile(config);
    const log = createLogger(env?.LOG_LEVEL ? config.LOG_LEVEL : 'warn', false);
    service = await startService(config, log, {}, countEnds);
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
  /** Milliseconds of CPU that this process has taken, with all its threads. */
  cpu(_params: object): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
  /**
   * Bytes of memory: what is in use, garbage collected before if the process was started with `--expose-gc`, and the most
   * that the process has had (resident set).
   */
  memory(_params: object): { used: number; peak: number } {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return { used: heapUsed + external, peak: statusBytes('VmHWM') };
  },
  /** Needs `--expose-gc`. */
  async held(_params: object): Promise<Held> {
    if (!globalThis.gc) throw new Error('--expose-gc is missing');
    // What the first collection finalizes, the second frees.
    globalThis.gc();
    await nextTurn();
    globalThis.gc();
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
    return {
      ended,
      heap: heapUsed,
      ...{ external, arrayBuffers, rss, anonymous: statusBytes('RssAnon') },
      database: sizeOf(file),
      wal: sizeOf(`${file}-wal`),
      handles: process.getActiveResourcesInfo().length,
    };
  },
};

/**
 * What Linux says of the memory of this process; elsewhere 0. `maxRSS` would not do: see `bench/support/report-peak.mjs`.
 */
function statusBytes(field: 'RssAnon' | 'VmHWM'): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    return Number(kibibytes ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

function sizeOf(name: string): number {
  return statSync(name, { throwIfNoEntry: false })?.size ?? 0;
}

function countEnds(events: readonly StoredEvent[]): void {
  for (const { type } of events) if (type === 'process-completed') ended++;
}

export type WholeService = typeof calls;
answerCalls(calls);
