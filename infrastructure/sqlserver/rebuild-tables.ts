import sql from 'mssql';
import type { Partition } from '../../domain/archive/index.ts';
import type { IdentifierIndex, IndexedProcess } from '../../domain/identifiers/index.ts';
import type {
  ProjectedRow,
  Range,
  RebuildTables,
  UnreadEvent,
} from '../../domain/projection/index.ts';
import { MOVES, REBUILD } from '../sql/checkpoints.ts';
import {
  type Columns,
  IDENTIFIER_COLUMNS,
  PROCESS_COLUMNS,
  PROCESS_IDENTIFIER,
  PROCESS_STORE,
  PROCESS_STORE_ARCHIVE,
} from '../sql/columns.ts';
import { type FoldValues, fromFoldValues, selectFoldRows } from '../sql/fold-rows.ts';
import { toIdentifierColumns } from '../sql/identifier-rows.ts';
import { shadowOf, TABLES } from '../sql/process-tables.ts';
import { type MovedRow, selectRows, toMovedRow, toProjectedRow } from '../sql/projected-row.ts';
import { bulkTable } from './column-types.ts';
import { isoTimes } from './connection.ts';
import { copyHashes, removeErased } from './identifiers.ts';
import { bindTexts, rowsOf } from './statements.ts';

/** `restored_at` may be NULL, `archived_at` may not. */
const SHADOWS = {
  live: { ...PROCESS_STORE, [TABLES.live.movedAt]: { type: 'time', nullable: true } },
  archived: PROCESS_STORE_ARCHIVE,
} as const satisfies Record<Partition, Columns>;

const SAVE_CHECKPOINT = `UPDATE [checkpoint] SET data = @data, updated_at = SYSUTCDATETIME()
WHERE name = '${REBUILD}' AND (@run IS NULL OR JSON_VALUE(data, '$.run') = @run);
DECLARE @written INT = @@ROWCOUNT;
IF @written = 0 AND @run IS NULL
BEGIN
  INSERT INTO [checkpoint] (name, data, updated_at) VALUES ('${REBUILD}', @data, SYSUTCDATETIME());
  SET @written = 1;
END
SELECT @written AS written;`;

/**
 * The statements of a rebuild on SQL Server.
 *
 * @param request makes a request: of the pool, or of the transaction
 * @param tx the transaction, if any; its owner then handles a lost connection
 */
export function createMssqlRebuildTables(
  request: () => sql.Request,
  identifierIndex: IdentifierIndex,
  tx?: sql.Transaction,
): RebuildTables {
  async function select<Row extends object>(
    statement: string,
    one: sql.Request = request(),
  ): Promise<Row[]> {
    const rows: Row[] = tx
      ? (await one.query<Row>(statement)).recordset
      : await rowsOf<Row>(one, statement);
    return rows.map(isoTimes);
  }
  const events = async (...query: Parameters<typeof select>): Promise<UnreadEvent[]> =>
    (await select<object>(...query)).map((row) => fromFoldValues(Object.values(row) as FoldValues));
  const rows = async (...query: Parameters<typeof select>): Promise<ProjectedRow[]> =>
    (await select<MovedRow>(...query)).map(toProjectedRow);
  const text = async (name: string): Promise<string | null> => {
    const [row] = await select<{ data: string }>(
      `SELECT data FROM [checkpoint] WHERE name = '${name}'`,
    );
    return row?.data ?? null;
  };

  return {
    checkpoint: () => text(REBUILD),
    async saveCheckpoint(data, run) {
      const [row] = await select<{ written: number }>(
        SAVE_CHECKPOINT,
        request().input('data', sql.NVarChar(sql.MAX), data).input('run', sql.NVarChar(100), run),
      );
      return row?.written === 1;
    },
    async deleteCheckpoint() {
      await select(`DELETE FROM [checkpoint] WHERE name = '${REBUILD}'; SELECT 1 AS done`);
    },
    moves: async () => Number((await text(MOVES)) ?? 0),
    events: (partition, after, limit) =>
      events(
        selectEvents(partition, 'correlation_id > @after'),
        request().input('after', sql.VarChar(255), after).input('limit', sql.Int, limit),
      ),
    stream: (partition, id, version, limit) =>
      events(
        selectEvents(partition, 'correlation_id = @id AND version > @version'),
        request()
          .input('id', sql.VarChar(255), id)
          .input('version', sql.Int, version)
          .input('limit', sql.Int, limit),
      ),
    eventsOf(partition, ids, limit) {
      const one = request().input('limit', sql.Int, limit);
      const names = bindTexts(one, 'id', ids);
      return events(selectEvents(partition, `correlation_id IN (${names})`), one);
    },
    rows: (partition, { after, upTo }, limit) =>
      rows(
        `SELECT TOP (@limit) ${selectRows(partition)} WHERE correlation_id > @after ${upTo === null ? '' : 'AND correlation_id <= @upTo'} ORDER BY correlation_id`,
        request()
          .input('after', sql.VarChar(255), after)
          .input('upTo', sql.VarChar(255), upTo)
          .input('limit', sql.Int, limit),
      ),
    rowsOf(partition, ids) {
      const one = request();
      const names = bindTexts(one, 'id', ids);
      return rows(`SELECT ${selectRows(partition)} WHERE correlation_id IN (${names})`, one);
    },
    async isUnpublished(eventId) {
      const found = await select(
        'SELECT 1 AS found FROM outbox WHERE event_id = @id',
        request().input('id', sql.BigInt, eventId),
      );
      return found.length > 0;
    },
    async streamsBehind(partition, ids, limit) {
      const found = await select<{ correlation_id: string }>(
        selectBehind(partition),
        request()
          .input('after', sql.BigInt, ids.after)
          .input('upTo', sql.BigInt, ids.upTo)
          .input('limit', sql.Int, limit),
      );
      return found.map((row) => row.correlation_id);
    },
    async write(partition, replaced, given, sources) {
      const processes = await identifierIndex.rowsOf(sources);
      const { rows: table, identifiers } = TABLES[partition];
      for (const shadow of [shadowOf(table), shadowOf(identifiers)]) await remove(shadow, replaced);
      if (given.length > 0) {
        const values = given
          .map(toMovedRow)
          .map((row) => [...PROCESS_COLUMNS.map((name) => row[name]), row.moved_at]);
        await request().bulk(bulkTable(shadowOf(table), SHADOWS[partition], values), CHECKED);
      }
      await writeIdentifiers(identifiers, processes);
    },
  };

  async function remove(shadow: string, replaced: Range | readonly string[]): Promise<void> {
    if ('after' in replaced) {
      const upTo = replaced.upTo === null ? '' : 'AND correlation_id <= @upTo';
      await request()
        .input('after', sql.VarChar(255), replaced.after)
        .input('upTo', sql.VarChar(255), replaced.upTo)
        .query(`DELETE FROM ${shadow} WHERE correlation_id > @after ${upTo}`);
      return;
    }
    await forIds(replaced, (ids) => `DELETE FROM ${shadow} WHERE correlation_id IN (${ids})`);
  }

  async function writeIdentifiers(
    table: string,
    processes: ReadonlyMap<string, IndexedProcess>,
  ): Promise<void> {
    const shadow = shadowOf(table);
    const rows = [...processes.values()].flatMap((process) => process.rows);
    if (rows.length > 0) {
      const values = rows
        .map(toIdentifierColumns)
        .map((row) => IDENTIFIER_COLUMNS.map((name) => row[name]));
      await request().bulk(bulkTable(shadow, PROCESS_IDENTIFIER, values), CHECKED);
    }
    const hashed = rows.flatMap(({ correlationId, isHashed }) => (isHashed ? correlationId : []));
    await forIds([...new Set(hashed)], (ids) => removeErased(shadow, ids));
    const locked = [...processes].flatMap(([id, { isLocked }]) => (isLocked ? id : []));
    await forIds(locked, (ids) => copyHashes(table, shadow, ids));
  }

  async function forIds(ids: readonly string[], statement: (names: string) => string) {
    for (let at = 0; at < ids.length; at += MAX_IDS) {
      const one = request();
      const names = bindTexts(one, 'id', ids.slice(at, at + MAX_IDS));
      await one.query(statement(names));
    }
  }
}

const CHECKED = { checkConstraints: true };

/** Parameters of one statement: the server takes 2,100. */
const MAX_IDS = 500;

function selectEvents(partition: Partition, where: string): string {
  return `SELECT TOP (@limit) ${selectFoldRows(partition, 'CAST(NULL AS DATETIME2(3))')}
WHERE ${where} ORDER BY correlation_id, version`;
}

function selectBehind(partition: Partition): string {
  const { events, rows } = TABLES[partition];
  return `SELECT DISTINCT TOP (@limit) e.correlation_id FROM ${events} AS e
LEFT JOIN ${shadowOf(rows)} AS s ON s.correlation_id = e.correlation_id
WHERE e.id > @after AND e.id <= @upTo AND (s.version IS NULL OR s.version < e.version)`;
}
