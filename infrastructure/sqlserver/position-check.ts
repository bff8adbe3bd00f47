import sql from 'mssql';
import type { Verification } from '../../domain/projection/index.ts';
import { encodeFilter } from '../sql/process-name.ts';
import { withRetry } from './retry.ts';
import { rowsOf } from './statements.ts';

/** Ids that one query covers: some tens of milliseconds. */
const RANGE = 50_000;
const LOGS = ['event_log', 'event_log_archive'];
/** An event waits in the first table, and moves from there to the second: they are read in this order. */
const WITHOUT_POSITION = `NOT EXISTS (SELECT 1 FROM unpositioned_event AS u WHERE u.event_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM event_position AS p WHERE p.event_id = e.id)`;
const FIND = `
SELECT MAX(id) AS newest FROM (${LOGS.map((table) => `SELECT MAX(id) AS id FROM ${table}`).join(' UNION ALL ')}) AS newest;
SELECT e.id, e.correlation_id, e.version FROM (${LOGS.map(
  (table) => `
  SELECT id, correlation_id, version, process_name FROM ${table} WHERE id > @after AND id <= @until`,
).join(' UNION ALL ')}) AS e
WHERE (@process_name IS NULL OR e.process_name = @process_name) AND ${WITHOUT_POSITION} ORDER BY e.id;`;
/** Does nothing if another run was faster. */
const GIVE_POSITION = `INSERT INTO unpositioned_event (event_id)
  SELECT e.id FROM (SELECT CAST(@id AS BIGINT) AS id) AS e WHERE ${WITHOUT_POSITION}`;

interface FoundRow {
  id: number | string;
  correlation_id: string;
  version: number;
}

/** Finds events that readers of the feed never see, and gives them the next positions. */
export function createPositionCheck(
  readers: sql.ConnectionPool,
): Pick<Verification, 'withoutPosition' | 'givePosition'> {
  async function find(after: number, until: number, processName: string | undefined) {
    const { recordsets } = await readers
      .request()
      .input('after', sql.BigInt, after)
      .input('until', sql.BigInt, until)
      .input(
        'process_name',
        sql.VarChar(255),
        processName === undefined ? null : encodeFilter(processName),
      )
      .query(FIND);
    const [newest, rows] = recordsets as unknown as [
      { newest: number | string | null }[],
      FoundRow[],
    ];
    return { newest: Number(newest[0]?.newest ?? 0), rows };
  }

  return {
    async withoutPosition(after, { processName }) {
      const until = Number(after) + RANGE;
      const { newest, rows } = await withRetry(() => find(Number(after), until, processName));
      const differences = [];
      for (const { id } of rows) {
        // An event that gets its position meanwhile may be in neither table, on a server without snapshots.
        const again = await withRetry(() => find(Number(id) - 1, Number(id), undefined));
        for (const row of again.rows) {
          differences.push({
            kind: 'event-without-position' as const,
            correlationId: row.correlation_id,
            version: row.version,
            eventId: String(row.id),
            message: 'readers of the feed never see it',
          });
        }
      }
      return { differences, last: until >= newest ? null : String(until) };
    },
    async givePosition(eventId) {
      await rowsOf(readers.request().input('id', sql.BigInt, eventId), GIVE_POSITION);
      return { done: true, message: `event ${eventId} gets the next position in the feed` };
    },
  };
}
