import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createInProcessQueue } from '../../../infrastructure/in-process/queue.ts';
import { createArchiveObserver } from '../../../infrastructure/observability/archive-observer.ts';
import { createMetrics } from '../../../infrastructure/observability/metrics.ts';
import { archiveExpiredJob } from '../../../jobs/archive-expired.ts';
import { scheduleJobs } from '../../../jobs/job.ts';
import { archivedState, endedProcess } from '../../support/archive-world.ts';
import { until } from '../../support/children.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';

const SQLITE = databaseKinds()[0];
const DAY_MS = 86_400_000;

describe('the scheduled archiving', () => {
  let database: TestDatabase | undefined;
  let lines: { fields: object; message: string }[];
  beforeEach(() => {
    lines = [];
    // The times of the schedule; what the database and the promises wait for stays real.
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await database?.destroy();
  });

  async function setUp(afterDays: number) {
    vi.setSystemTime(new Date('2026-03-01T01:00:00Z'));
    const opened = await SQLITE?.open({ clock: Date.now });
    if (!opened) throw new Error('no SQLite');
    database = opened;
    await endedProcess(opened, 'old');
    vi.setSystemTime(Date.now() + 2 * DAY_MS);
    await endedProcess(opened, 'young');
    const log = {
      info: (fields: object, message: string) => void lines.push({ fields, message }),
      warn() {},
      error() {},
      debug() {},
    };
    const queue = createInProcessQueue({ concurrency: 1, log });
    const metrics = createMetrics({ version: '1' });
    const { archive, auditLog, maintenanceLock } = opened;
    const ports = {
      archive,
      auditLog,
      maintenanceLock,
      observer: createArchiveObserver(metrics),
      log,
    };
    const job = archiveExpiredJob(ports, { afterDays, cron: '30 2 * * *', batch: 10 });
    await scheduleJobs(queue, [job]);
    return { opened, queue, metrics };
  }

  it('moves what is old enough at the times of ARCHIVE_CRON, in UTC, and counts it', async () => {
    const { opened, queue, metrics } = await setUp(1);
    await vi.advanceTimersByTimeAsync(89 * 60_000);
    expect(await archivedState(opened, 'old'), 'it is 02:29').toBeNull();
    await vi.advanceTimersByTimeAsync(2 * 60_000);
    vi.useRealTimers();
    const ended = await until(
      () => lines.find(({ message }) => message === 'archive: run ended'),
      'a run',
    );
    expect(ended.fields).toEqual({ batches: 1, processes: 1, events: 4, afterDays: 1 });
    expect(await archivedState(opened, 'old')).toMatchObject({ status: 'ok' });
    expect(await opened.processStore.get('young')).toMatchObject({ status: 'ok' });
    const text = await metrics.registry.metrics();
    expect(text).toContain('fastify_camunda_archived_total{what="events"} 4');
    await queue.close(1_000);
  });

  it('G8: skips its run, with one line, while another archiving runs, and does it the next time', async () => {
    const { opened, queue, metrics } = await setUp(1);
    const release = await opened.maintenanceLock.tryLock('archive', 'exclusive');
    await vi.advanceTimersByTimeAsync(91 * 60_000);
    expect(lines.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^archive: skipped, another run is archiving in this database/),
    ]);
    expect(await archivedState(opened, 'old')).toBeNull();
    await release?.();
    const tables = await opened.maintenanceLock.tryLock('tables', 'exclusive');
    await vi.advanceTimersByTimeAsync(DAY_MS);
    expect(lines[1]?.message).toMatch(/^archive: skipped, a run of .* is at work/);
    await tables?.();
    await vi.advanceTimersByTimeAsync(DAY_MS);
    vi.useRealTimers();
    await until(() => lines.some(({ message }) => message === 'archive: run ended'), 'a run');
    expect(await archivedState(opened, 'old')).toMatchObject({ status: 'ok' });
    const text = await metrics.registry.metrics();
    expect(text).toMatch(/archive_last_completed_timestamp_seconds 1\d{9}/);
    // The locks were given up.
    const again = await opened.maintenanceLock.tryLock('archive', 'exclusive');
    expect(again).not.toBeNull();
    await again?.();
    await queue.close(1_000);
  });

  it('moves nothing with ARCHIVE_AFTER_DAYS=0', async () => {
    const { opened, queue } = await setUp(0);
    await vi.advanceTimersByTimeAsync(DAY_MS);
    vi.useRealTimers();
    expect(lines).toEqual([]);
    expect(await archivedState(opened, 'old')).toBeNull();
    await queue.close(1_000);
  });
});
