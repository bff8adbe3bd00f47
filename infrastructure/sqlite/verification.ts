import { setImmediate as nextTurn } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import type { Clock } from '../../domain/common/index.ts';
import type { Verification } from '../../domain/projection/index.ts';
import { EVENT_COLUMNS, type FoundEventRow } from '../sql/event-row.ts';
import { encodeFilter } from '../sql/process-name.ts';
import { PROCESS_COLUMNS, type ProcessRow } from '../sql/process-row.ts';
import { type Collected, createCollected } from '../sql/verify/collect.ts';
import type { ArchivedProcessRow } from '../sql/verify/inspect-process.ts';
import { type LateOutboxRow, lateOutboxRows, outboxDifference } from '../sql/verify/outbox-rows.ts';
import { planRepair } from '../sql/verify/plan-repair.ts';
import type { GroupCommit } from './group-commit.ts';

type Range = [after: string, last: string];
type Row = FoundEventRow & { id: number };

const TABLES = ['event_log', 'event_log_archive', 'process_store', 'process_store_archive'];
/** The next ids in any of the tables; takes the id before them and how many, once for each table. */
const NEXT = `SELECT correlation_id FROM (${TABLES.map(
  (table) =>
    `SELECT * FROM (SELECT DISTINCT correlation_id FROM ${table} WHERE correlation_id > @after
      ORDER BY correlation_id LIMIT @limit)`,
).join(' UNION ')}) ORDER BY correlation_id LIMIT @limit`;
const WITHIN = 'correlation_id > ? AND correlation_id <= ?';
const ONLY = 'correlation_id >= ? AND correlation_id <= ?';

/** Verification on SQLite. What is read is one snapshot, so a page shows nothing that is not so. */
export function createSqliteVerification(options: {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  clock: Clock;
}): Verification {
  const { db, groupCommit, clock } = options;
  const next = db.prepare<{ after: string; limit: number }, string>(NEXT).pluck();
  const statements = (which: string) => {
    const process = PROCESS_COLUMNS.join(', ');
    const events = (table: string, archivedAt: string) =>
      db.prepare<Range, Row>(
        `SELECT id, ${EVENT_COLUMNS.join(', ')}, ${archivedAt} AS archived_at FROM ${table}
         WHERE ${which} ORDER BY correlation_id, version`,
      );
    return {
      live: db.prepare<Range, ProcessRow>(`SELECT ${process} FROM process_store WHERE ${which}`),
      archived: db.prepare<Range, ArchivedProcessRow>(
        `SELECT ${process}, archived_at FROM process_store_archive WHERE ${which}`,
      ),
      liveEvents: events('event_log', 'NULL'),
      archivedEvents: events('event_log_archive', 'archived_at'),
    };
  };
  const page = statements(WITHIN);
  const one = statements(ONLY);
  const count = db
    .prepare<[], number>(
      'SELECT (SELECT COUNT(*) FROM process_store) + (SELECT COUNT(*) FROM process_store_archive)',
    )
    .pluck();
  const outbox = db.prepare<
    { after: number; createdBefore: string; processName: string | null; limit: number },
    LateOutboxRow
  >(
    lateOutboxRows({
      after: '@after',
      createdBefore: '@createdBefore',
      processName: '@processName',
      limit: '@limit',
      isMssql: false,
    }),
  );
  const names = PROCESS_COLUMNS.join(', ');
  const set = PROCESS_COLUMNS.slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ');
  const writeLive = db.prepare(
    `INSERT INTO process_store (${names}) VALUES (${PROCESS_COLUMNS.map(() => '?').join(', ')})
     ON CONFLICT (correlation_id) DO UPDATE SET ${set}`,
  );
  const writeArchived = db.prepare(
    `INSERT INTO process_store_archive (${names}, archived_at)
     VALUES (${PROCESS_COLUMNS.map(() => '?').join(', ')}, ?)
     ON CONFLICT (correlation_id) DO UPDATE SET ${set}, archived_at = excluded.archived_at`,
  );
  const removeLive = db.prepare('DELETE FROM process_store WHERE correlation_id = ?');
  const removeArchived = db.prepare('DELETE FROM process_store_archive WHERE correlation_id = ?');

  function collect(
    keepLinks: boolean,
    from: ReturnType<typeof statements>,
    range: Range,
  ): Collected {
    const collected = createCollected(keepLinks);
    for (const row of from.live.iterate(...range)) collected.liveRow(row);
    for (const row of from.archived.iterate(...range)) collected.archivedRow(row);
    for (const row of from.liveEvents.iterate(...range)) {
      collected.event('live', String(row.id), row);
    }
    for (const row of from.archivedEvents.iterate(...range)) {
      collected.event('archived', String(row.id), row);
    }
    return collected;
  }
  const readPage = db.transaction((after: string, limit: number) => {
    const last = next.all({ after, limit }).at(-1) ?? null;
    return { last, collected: last === null ? null : collect(false, page, [after, last]) };
  });
  const readOne = db.transaction((id: string) => collect(true, one, [id, id]));

  return {
    count: async () => count.get() ?? 0,
    async page(after, limit, filter) {
      // Between two pages others have their turn: signals, and whoever else uses this process.
      await nextTurn();
      const { last, collected } = readPage.deferred(after, limit);
      return (collected ?? createCollected(false)).page(last, filter, clock());
    },
    async look(id, filter) {
      await nextTurn();
      return readOne.deferred(id).look(id, filter, clock());
    },
    async outbox(after, limit, { maxLagMs, processName }) {
      await nextTurn();
      const createdBefore = new Date(clock() - maxLagMs).toISOString();
      const rows = outbox.all({
        after: Number(after),
        createdBefore,
        processName: processName === undefined ? null : encodeFilter(processName),
        limit,
      });
      return rows.map(outboxDifference);
    },
    // The id is the place.
    unplaced: async () => ({ differences: [], last: null }),
    place: async () => ({ done: true, message: 'its id is its position in the feed' }),
    repair: (id) =>
      groupCommit.write(() => {
        const plan = planRepair(collect(true, one, [id, id]).tablesOf(id));
        if (plan.kind === 'none') return { done: plan.done, message: plan.message };
        if (plan.kind === 'remove-rows' || plan.place === 'archived') removeLive.run(id);
        if (plan.kind === 'remove-rows' || plan.place === 'live') removeArchived.run(id);
        if (plan.kind === 'write') {
          const { place, row, archivedAt } = plan;
          const values = PROCESS_COLUMNS.map((name) => row[name]);
          if (place === 'live') writeLive.run(values);
          else writeArchived.run([...values, archivedAt]);
        }
        return { done: true, message: plan.message };
      }),
  };
}
