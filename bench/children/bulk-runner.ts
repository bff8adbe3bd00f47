import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBulkRuns, runBulk } from '../../domain/bulk/index.ts';
import { timeOrderedId } from '../../domain/ids/index.ts';
import { createWaitroom } from '../../domain/process/index.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { createBulkPorts } from '../../src/composition/jobs/bulk.ts';
import { requested, started } from '../../test/support/events.ts';
import { stepCompleted } from '../append.ts';
import { answerCalls } from '../support/child.ts';
import { percentile } from '../support/statistics.ts';

const LIVE_PER_SECOND = 50;
const CHUNK = 500;

/** Appends as live processes do, beside a bulk run that cancels the pending processes of the database. */
const calls = {
  /** @param perSecond of the run; 0: none */
  async run(options: { folder: string; processes: number; perSecond: number; seconds: number }) {
    const { folder, processes, perSecond, seconds } = options;
    const file = join(folder, 'bulk.db');
    const opened = { file, clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const database = await openSqliteDatabase(opened);
    const { eventStore, processStore } = database;
    for (let at = 0; at < processes; at += CHUNK) {
      const ids = Array.from(
        { length: Math.min(CHUNK, processes - at) },
        (_, of) => `p-${at + of}`,
      );
      await Promise.all(ids.map((id) => eventStore.append(id, [requested(), started()])));
      await processStore.projectMany(ids);
    }
    const stop = new AbortController();
    const ports = createBulkPorts({
      database,
      decrypted: database,
      live: { waitroom: createWaitroom(), findProcess: async () => null },
      log: {
        error: (fields, message) => console.error(message, fields),
        warn: (fields, message) => console.error(message, fields),
      },
    });
    let running: Promise<void> = Promise.resolve();
    let id = '';
    if (perSecond > 0) {
      const runs = createBulkRuns(database, { clock: Date.now, newId: timeOrderedId });
      const asked = {
        action: 'cancel',
        filter: { status: 'pending' },
        reason: 'a benchmark',
      } as const;
      ({ id } = await runs.begin({
        ...asked,
        actor: 'local',
        maxPerSecond: perSecond,
        dryRun: false,
      }));
      running = runBulk(ports, stop.signal);
    }
    const latencies: number[] = [];
    const open: Promise<void>[] = [];
    const end = performance.now() + seconds * 1_000;
    for (let n = 0; performance.now() < end; n++) {
      const began = performance.now();
      open.push(
        eventStore.append(`live-${n}`, [stepCompleted()]).then(() => {
          latencies.push(performance.now() - began);
        }),
      );
      await sleep(1_000 / LIVE_PER_SECOND);
    }
    await Promise.all(open);
    stop.abort();
    await running;
    const acted = id === '' ? 0 : (await database.bulkStore.progress(id)).done;
    await database.close();
    return {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      perSecond: acted / seconds,
    };
  },
};
export type BulkRunnerChild = typeof calls;
answerCalls(calls);
