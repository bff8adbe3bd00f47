import { setImmediate as nextTurn } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import { PARTITIONS, type Partition } from '../../domain/archive/index.ts';
import type { Clock } from '../../domain/common/index.ts';
import type { IdentifierIndex } from '../../domain/identifiers/index.ts';
import {
  type CollectedProcesses,
  createCollectedProcesses,
  type Verification,
} from '../../domain/projection/index.ts';
import { createChainCheck } from '../sql/checked-events.ts';
import { EVENT_COLUMNS, IDENTIFIER_COLUMNS, type IdentifierColumns } from '../sql/columns.ts';
import type { FoundEventRow } from '../sql/event-row.ts';
import { fromIdentifierColumns } from '../sql/identifier-rows.ts';
import { type LateOutboxRow, lateOutboxRows, outboxDifference } from '../sql/late-outbox-rows.ts';
import { encodeFilter } from '../sql/process-name.ts';
import { TABLES } from '../sql/process-tables.ts';
import { type MovedRow, selectRows, toProjectedRow } from '../sql/projected-row.ts';
import type { GroupCommit } from './group-commit.ts';
import { createRepair } from './repair.ts';

type Range = [after: string, last: string];
type Row = FoundEventRow & { id: number };

/** The next ids in any of the tables; takes the id before them and how many, once for each table. */
const NEXT = `SELECT correlation_id FROM (${Object.values(TABLES)
  .flatMap(({ events, rows, identifiers }) => [events, rows, identifiers])
  .map(
    (table) =>
      `SELECT * FROM (SELECT DISTINCT correlation_id FROM ${table} WHERE correlation_id > @after
      ORDER BY correlation_id LIMIT @limit)`,
  )
  .join(' UNION ')}) ORDER BY correlation_id LIMIT @limit`;
const WITHIN = 'correlation_id > ? AND correlation_id <= ?';
const ONLY = 'correlation_id >= ? AND correlation_id <= ?';

/** Verification on SQLite. A page is read in one snapshot, so nothing in it only looks wrong. */
export function createSqliteVerification(options: {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  identifierIndex: IdentifierIndex;
  clock: Clock;
}): Verification {
  const { db, groupCommit, identifierIndex, clock } = options;
  const next = db.prepare<{ after: string; limit: number }, string>(NEXT).pluck();
  const statements = (which: string) => {
    const of = (partition: Partition, archivedAt: string) => ({
      rows: db.prepare<Range, MovedRow>(`SELECT ${selectRows(partition)} WHERE ${which}`),
      identifiers: db.prepare<Range, IdentifierColumns>(
        `SELECT ${IDENTIFIER_COLUMNS.join(', ')} FROM ${TABLES[partition].identifiers} WHERE ${which}`,
      ),
      events: db.prepare<Range, Row>(
        `SELECT id, ${EVENT_COLUMNS.join(', ')}, ${archivedAt} AS archived_at
         FROM ${TABLES[partition].events} WHERE ${which} ORDER BY correlation_id, version`,
      ),
    });
    return { live: of('live', 'NULL'), archived: of('archived', 'archived_at') };
  };
  const page = statements(WITHIN);
  const one = statements(ONLY);
  const count = db
    .prepare<[], number>(
      'SELECT (SELECT COUNT(*) FROM process_store) + (SELECT COUNT(*) FROM process_store_archive)',
    )
    .pluck();
  const outbox = db.prepare<
    { after: number; created_before: string; process_name: string | null; limit: number },
    LateOutboxRow
  >(`SELECT ${lateOutboxRows('@created_before')} LIMIT @limit`);
  function collect(from: ReturnType<typeof statements>, range: Range): CollectedProcesses {
    const collected = createCollectedProcesses();
    for (const partition of PARTITIONS) {
      const { rows, events, identifiers } = from[partition];
      for (const row of rows.iterate(...range)) collected.row(partition, toProjectedRow(row));
      for (const row of identifiers.iterate(...range)) {
        collected.identifier(partition, fromIdentifierColumns(row));
      }
      const check = createChainCheck();
      for (const row of events.iterate(...range)) collected.event(partition, check(row.id, row));
    }
    return collected;
  }
  const readPage = db.transaction((after: string, limit: number) => {
    const last = next.all({ after, limit }).at(-1) ?? null;
    return { last, collected: last === null ? null : collect(page, [after, last]) };
  });
  const readOne = db.transaction((id: string) => collect(one, [id, id]));
  /** Knows the rows of identifiers that the first events lead to: the keys of personal ones are read for that. */
  async function indexed(given: CollectedProcesses | null): Promise<CollectedProcesses> {
    const collected = given ?? createCollectedProcesses();
    collected.expectIdentifiers(await identifierIndex.rowsOf(collected.sources()));
    return collected;
  }

  return {
    count: async () => count.get() ?? 0,
    async page(after, limit, filter) {
      // Between two pages signals and everything else in this process have their turn.
      await nextTurn();
      const { last, collected } = readPage.deferred(after, limit);
      return (await indexed(collected)).page(last, filter, clock());
    },
    async inspect(id, filter) {
      await nextTurn();
      return (await indexed(readOne.deferred(id))).inspect(id, filter, clock());
    },
    async outbox(after, limit, { maxLagMs, processName }) {
      await nextTurn();
      const rows = outbox.all({
        after: Number(after),
        created_before: new Date(clock() - maxLagMs).toISOString(),
        process_name: processName === undefined ? null : encodeFilter(processName),
        limit,
      });
      return rows.map(outboxDifference);
    },
    // The id is the position.
    withoutPosition: async () => ({ differences: [], last: null }),
    givePosition: async () => ({ done: true, message: 'its id is its position in the feed' }),
    repair: createRepair(db, groupCommit, identifierIndex, (id) => collect(one, [id, id])),
  };
}
