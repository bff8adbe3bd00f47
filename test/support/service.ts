import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import BetterSqlite3 from 'better-sqlite3';
import pino from 'pino';
import { expect } from 'vitest';
import { isFinal, type StoredEvent } from '../../domain/process/events.ts';
import { fold, type ProcessState } from '../../domain/process/process-state.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { readConfig } from '../../src/config.ts';
import { startService } from '../../src/service.ts';
import { until } from './children.ts';
import { temporaryFolder } from './databases.ts';
import { type Api, createApi } from './service-api.ts';

/** The test processes. */
export const TEST_PROCESSES = fileURLToPath(new URL('./processes', import.meta.url));

/** The process for tests of logs, metrics and traces: `observed`. */
export const OBSERVED_PROCESSES = fileURLToPath(new URL('./observed', import.meta.url));

/** The process whose schema converts the variables: `rent-boat`. */
export const COERCING_PROCESSES = fileURLToPath(new URL('./coercing-processes', import.meta.url));

/** The process with personal data: `personal`. */
export const PERSONAL_PROCESSES = fileURLToPath(new URL('./personal-processes', import.meta.url));

/** The process whose gateways read variables that may be missing: `triage`. */
export const TRIAGE_PROCESSES = fileURLToPath(new URL('./triage-processes', import.meta.url));

export interface Folder {
  path: string;
  /** DATA_DIR of the services that run on this folder. */
  data: string;
  /** The service's database. */
  file: string;
  /** Lets the steps continue that wait for this gate. */
  open(gate: string): void;
  remove(): void;
}

export interface TestService {
  url: string;
  api: Api;
  folder: Folder;
  /** Lines of its log. */
  log: Record<string, unknown>[];
  stop(): Promise<void>;
}

/** Creates a folder for the data of a service and the recorded runs of its steps. */
export function createFolder(): Folder {
  const { path, remove } = temporaryFolder();
  const data = join(path, 'data');
  mkdirSync(data);
  return {
    path,
    data,
    file: join(data, 'fastify-camunda.db'),
    open: (gate) => writeFileSync(join(path, gate), ''),
    remove,
  };
}

/** Settings for a service on that folder: a free port, the test processes, short poll intervals. */
export function settingsFor(folder: Folder, more: Record<string, string> = {}) {
  return {
    PORT: '0',
    DATA_DIR: folder.data,
    PROCESSES_DIR: TEST_PROCESSES,
    TEST_FOLDER: folder.path,
    LOG_LEVEL: 'info',
    LONG_POLL_MS: '200',
    OUTBOX_POLL_MS: '50',
    ...more,
  };
}

/**
 * Starts the service in this process, as `serve` does.
 *
 * @param log gets the log lines, also those of a failed start
 */
export async function startTestService(
  more: Record<string, string> = {},
  folder: Folder = createFolder(),
  headers: Record<string, string> = {},
  log: Record<string, unknown>[] = [],
): Promise<TestService> {
  const settings = settingsFor(folder, more);
  const config = readConfig(settings);
  const logger = pino(
    { level: config.LOG_LEVEL, base: null },
    { write: (line) => void log.push(JSON.parse(line)) },
  );
  const service = await startService(config, logger, settings);
  return {
    url: service.url,
    api: await createApi(service.url, headers),
    folder,
    log,
    stop: service.stop,
  };
}

/** Queries one value over a connection of its own. */
export function queryValue(folder: Folder, sql: string): string | number | null {
  const db = new BetterSqlite3(folder.file, { readonly: true });
  try {
    return db.prepare<[], string | number | null>(sql).pluck().get() ?? null;
  } finally {
    db.close();
  }
}

/** How many events the event log in that folder has. */
export function countEvents(folder: Folder): number {
  return Number(queryValue(folder, 'SELECT COUNT(*) FROM event_log'));
}

/** Waits until all jobs of all events are done. */
export function untilRelayed(folder: Folder): Promise<boolean> {
  const left = () => queryValue(folder, 'SELECT COUNT(*) FROM outbox');
  return until(() => left() === 0, 'the outbox is empty');
}

export interface Stream {
  correlationId: string;
  events: StoredEvent[];
  /** The fold of the events. */
  folded: ProcessState | null;
  /** The state in process_store. */
  projected: ProcessState | null;
}

/** Every stream in the database of a service that has stopped. */
export async function readStreams(folder: Folder): Promise<Stream[]> {
  const database = await openSqliteDatabase({
    file: folder.file,
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
  });
  try {
    const ids: string[] = await database.knex('event_log').distinct().pluck('correlation_id');
    return await Promise.all(
      ids.map(async (correlationId) => {
        const events = await database.eventStore.readStream(correlationId);
        const projected = await database.processStore.get(correlationId);
        return { correlationId, events, folded: fold(events), projected };
      }),
    );
  } finally {
    await database.close();
  }
}

/**
 * Expects what must hold for every process, whatever was killed: it has ended once; its versions have no gap;
 * process_store is the fold of its events; no step succeeded twice.
 */
export function expectWhole(streams: readonly Stream[]): void {
  for (const { correlationId, events, folded, projected } of streams) {
    const types = events.map(({ type }) => type);
    const what = `${correlationId}: ${types.join(', ')}`;
    expect(types.filter(isFinal), what).toHaveLength(1);
    expect(types.filter((type) => type === 'process-started').length, what).toBeLessThanOrEqual(1);
    expect(
      events.map(({ version }) => version),
      what,
    ).toEqual(events.map((_, at) => at + 1));
    expect(projected, what).toEqual(folded);
    const done = events.flatMap((event) =>
      event.type === 'step-completed' ? [event.step.name] : [],
    );
    expect(new Set(done).size, what).toBe(done.length);
  }
}
