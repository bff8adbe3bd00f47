import { fileURLToPath } from 'node:url';
import { EXPORT_FORMATS, type ExportFormat } from '../infrastructure/files/export-formats.ts';
import { openSqlite } from '../infrastructure/sqlite/open.ts';
import { startCommand } from '../test/support/commands.ts';
import { growthOf, untilRolledUp } from '../test/support/process-memory.ts';
import type { ExportReader } from './children/export-reader.ts';
import { type Benchmark, inTurns, type Run, rowOf } from './support/benchmark.ts';
import { startChild } from './support/child.ts';
import { type GeneratedDatabase, generatedDatabase } from './support/generated.ts';
import type { Row } from './support/row.ts';

const BIN = fileURLToPath(new URL('../src/bin.mjs', import.meta.url));
const EVENTS = 1_000_000;
const MAX_ROUNDS = 3;
const BASELINE = 'better-sqlite3 reads the same rows and writes JSON lines';
const MAX_GROWTH = 64 * 1_048_576;

/**
 * `GET /api/events` as JSON lines, CSV and Parquet on a generated database, a third of it archived: events per second,
 * and how much the anonymous memory of the service grows during the export. The memory is first measured when the rollups
 * are complete and the service has answered pages of the feed. The service and its reader are processes of their own.
 * One more measurement has a reader that is slower than the service.
 *
 * Baseline: better-sqlite3 reads the same rows in the same order and writes each as a line of JSON.
 */
export const exportEvents: Benchmark = async (run) => {
  const [events = EVENTS] = run.events ?? [];
  const database = await generatedDatabase(run, events, { archived: 0.3, pending: 0 });
  const { dataDir, file, remove } = database.copy();
  const env = { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'info' };
  const service = await startCommand(['serve'], env, /"url":"([^"]+)".*"msg":"ready"/, BIN);
  const reader = startChild<ExportReader>('children/export-reader.ts');
  const rows: Row[] = [];
  try {
    await untilRolledUp(file);
    const page = `${service.url}/api/events?limit=1`;
    await Promise.all([page, page, page].map(async (url) => (await fetch(url)).text()));
    for (const format of EXPORT_FORMATS) {
      const measured = await measure(run, database, format, events, async (slow) => {
        const url = `${service.url}/api/events?archive=include&format=${format}`;
        const { growth, result } = await growthOf(service.pid, () =>
          reader.call('read', { url, slow }),
        );
        return { growth, perSecond: (events / result.ms) * 1_000 };
      });
      rows.push(...measured);
    }
  } finally {
    await reader.stop();
    service.kill('SIGTERM');
    await service.ended;
    remove();
  }
  return { rows };
};

async function measure(
  run: Run,
  database: GeneratedDatabase,
  format: ExportFormat,
  events: number,
  read: (slow: boolean) => Promise<{ growth: number; perSecond: number }>,
): Promise<Row[]> {
  const name = `export, ${format}, ${events.toLocaleString('en')} events`;
  const rounds = await inTurns<'perSecond' | 'growth'>(
    { ...run, rounds: Math.min(run.rounds, MAX_ROUNDS) },
    name,
    [['perSecond', '/s']],
    {
      baseline: async () => ({ growth: 0, perSecond: readRaw(database.file) }),
      ours: () => read(false),
    },
  );
  const slow = await read(true);
  const memory = { unit: 'bytes', baseline: null } as const;
  const goal = { of: 'ours', limit: 'at most', value: MAX_GROWTH } as const;
  return [
    rowOf(rounds, 'perSecond', { name, unit: '/s', baseline: BASELINE, goal: null }),
    {
      name: `${name}: memory grows by`,
      ...memory,
      ours: rounds.ours.map((one) => one.growth),
      goal,
    },
    { name: `${name}, slow reader: memory grows by`, ...memory, ours: [slow.growth], goal },
  ];
}

function readRaw(file: string): number {
  const db = openSqlite(file);
  const began = performance.now();
  const rows = db
    .prepare(
      `SELECT *, NULL AS archived_at FROM event_log UNION ALL SELECT * FROM event_log_archive ORDER BY id`,
    )
    .iterate();
  let events = 0;
  let bytes = 0;
  for (const row of rows) {
    bytes += Buffer.byteLength(`${JSON.stringify(row)}\n`);
    events++;
  }
  if (bytes === 0) throw new Error('the database has no events to export');
  const perSecond = (events / (performance.now() - began)) * 1_000;
  db.close();
  return perSecond;
}
