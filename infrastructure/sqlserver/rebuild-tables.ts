import sql from 'mssql';
import type { Partition } from '../../domain/archive/index.ts';
import type { ProjectedRow, RebuildTables, UnreadEvent } from '../../domain/projection/index.ts';
import { MOVES, REBUILD } from '../sql/checkpoints.ts';
import { type FoldValues, fromFoldValues, selectFoldRows } from '../sql/fold-rows.ts';
import { PROCESS_COLUMNS } from '../sql/process-row.ts';
import { shadowOf, TABLES } from '../sql/process-tables.ts';
import { type MovedRow, selectRows, toMovedRow, toProjectedRow } from '../sql/projected-row.ts';
import { isoTimes, withRetry } from './connection.ts';

const TYPES = {
  correlation_id: sql.VarChar(255),
  status: sql.VarChar(50),
  data: sql.NVarChar(sql.MAX),
  error: sql.NVarChar(sql.MAX),
  error_kind: sql.VarChar(50),
  error_code: sql.NVarChar(510),
  error_step: sql.NVarChar(510),
  started_at: sql.DateTime2(3),
  updated_at: sql.DateTime2(3),
  process_name: sql.VarChar(255),
  current_step: sql.VarChar(255),
  process_instance_id: sql.VarChar(64),
  completed_at: sql.DateTime2(3),
  version: sql.Int(),
} as const satisfies Record<(typeof PROCESS_COLUMNS)[number], sql.ISqlType>;
const TIMES: ReadonlySet<string> = new Set(['started_at', 'updated_at', 'completed_at']);
/** Columns without NULL, of both tables. */
const REQUIRED: ReadonlySet<string> = new Set([
  ...['correlation_id', 'status', 'started_at', 'updated_at', 'process_name', 'version'],
  TABLES.archived.movedAt,
]);

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
 * @param tx the transaction, where there is one; a lost connection is then met by whoever began it
 */
export function createMssqlRebuildTables(
  request: () => sql.Request,
  tx?: sql.Transaction,
): RebuildTables {
  async function select<Row extends object>(
    statement: string,
    bind: (one: sql.Request) => sql.Request = (one) => one,
  ): Promise<Row[]> {
    const run = async () => (await bind(request()).query<Row>(statement)).recordset;
    return (await (tx ? run() : withRetry(run))).map(isoTimes);
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
      const [row] = await select<{ written: number }>(SAVE_CHECKPOINT, (one) =>
        one.input('data', sql.NVarChar(sql.MAX), data).input('run', sql.NVarChar(100), run),
      );
      return row?.written === 1;
    },
    async deleteCheckpoint() {
      await select(`DELETE FROM [checkpoint] WHERE name = '${REBUILD}'; SELECT 1 AS done`);
    },
    moves: async () => Number((await text(MOVES)) ?? 0),
    events: (partition, after, limit) =>
      events(selectEvents(partition, 'correlation_id > @after'), (one) =>
        one.input('after', sql.VarChar(255), after).input('limit', sql.Int, limit),
      ),
    stream: (partition, id, version, limit) =>
      events(selectEvents(partition, 'correlation_id = @id AND version > @version'), (one) =>
        one
          .input('id', sql.VarChar(255), id)
          .input('version', sql.Int, version)
          .input('limit', sql.Int, limit),
      ),
    eventsOf: (partition, ids, limit) =>
      events(selectEvents(partition, `correlation_id IN (${names(ids)})`), (one) =>
        bindIds(one, ids).input('limit', sql.Int, limit),
      ),
    rows: (partition, { after, upTo }, limit) =>
      rows(
        `SELECT TOP (@limit) ${selectRows(partition)} WHERE correlation_id > @after ${upTo === null ? '' : 'AND correlation_id <= @upTo'} ORDER BY correlation_id`,
        (one) =>
          one
            .input('after', sql.VarChar(255), after)
            .input('upTo', sql.VarChar(255), upTo)
            .input('limit', sql.Int, limit),
      ),
    rowsOf: (partition, ids) =>
      rows(`SELECT ${selectRows(partition)} WHERE correlation_id IN (${names(ids)})`, (one) =>
        bindIds(one, ids),
      ),
    async isUnpublished(eventId) {
      const found = await select('SELECT 1 AS found FROM outbox WHERE event_id = @id', (one) =>
        one.input('id', sql.BigInt, eventId),
      );
      return found.length > 0;
    },
    async streamsBehind(partition, ids, limit) {
      const found = await select<{ correlation_id: string }>(selectBehind(partition), (one) =>
        one
          .input('after', sql.BigInt, ids.after)
          .input('upTo', sql.BigInt, ids.upTo)
          .input('limit', sql.Int, limit),
      );
      return found.map((row) => row.correlation_id);
    },
    async write(partition, replaced, given) {
      if ('after' in replaced) {
        const upTo = replaced.upTo === null ? '' : 'AND correlation_id <= @upTo';
        await request()
          .input('after', sql.VarChar(255), replaced.after)
          .input('upTo', sql.VarChar(255), replaced.upTo)
          .query(`DELETE FROM ${shadowOf(partition)} WHERE correlation_id > @after ${upTo}`);
      } else {
        for (let at = 0; at < replaced.length; at += MAX_IDS) {
          const some = replaced.slice(at, at + MAX_IDS);
          await bindIds(request(), some).query(
            `DELETE FROM ${shadowOf(partition)} WHERE correlation_id IN (${names(some)})`,
          );
        }
      }
      if (given.length > 0)
        await request().bulk(tableOf(partition, given.map(toMovedRow)), { checkConstraints: true });
    },
  };
}

/** Parameters of one statement: the server takes 2,100. */
const MAX_IDS = 500;

const names = (ids: readonly string[]): string => ids.map((_, at) => `@id${at}`).join(', ');

function bindIds(request: sql.Request, ids: readonly string[]): sql.Request {
  for (const [at, id] of ids.entries()) request.input(`id${at}`, sql.VarChar(255), id);
  return request;
}

function selectEvents(partition: Partition, where: string): string {
  return `SELECT TOP (@limit) ${selectFoldRows(partition, 'CAST(NULL AS DATETIME2(3))')}
WHERE ${where} ORDER BY correlation_id, version`;
}

function selectBehind(partition: Partition): string {
  return `SELECT DISTINCT TOP (@limit) e.correlation_id FROM ${TABLES[partition].events} AS e
LEFT JOIN ${shadowOf(partition)} AS s ON s.correlation_id = e.correlation_id
WHERE e.id > @after AND e.id <= @upTo AND (s.version IS NULL OR s.version < e.version)`;
}

/**
 * Rows for a bulk load. SQL Server refuses one that takes a column without NULL for one with it ("Invalid column
 * type from bcp client", https://github.com/tediousjs/node-mssql/issues/285).
 */
function tableOf(partition: Partition, given: readonly MovedRow[]): sql.Table {
  const table = new sql.Table(shadowOf(partition));
  const add = (name: string, type: sql.ISqlType): void => {
    table.columns.add(name, type, { nullable: !REQUIRED.has(name) });
  };
  for (const name of PROCESS_COLUMNS) add(name, TYPES[name]);
  add(TABLES[partition].movedAt, sql.DateTime2(3));
  const time = (text: string | null): Date | null => (text === null ? null : new Date(text));
  for (const row of given) {
    const values = PROCESS_COLUMNS.map((name) => {
      const value = row[name];
      return TIMES.has(name) && typeof value === 'string' ? time(value) : value;
    });
    table.rows.add(...values, time(row.moved_at));
  }
  return table;
}
