import sql from 'mssql';
import type { Verification } from '../../domain/projection/index.ts';
import { encodeFilter } from '../sql/process-name.ts';
import { withRetry } from './connection.ts';

/** Ids that one look covers: some tens of milliseconds. */
const RANGE = 50_000;
const TABLES = ['event_log', 'event_log_archive'];
/** First where an event waits, then where it goes to from there. */
const UNPLACED = `NOT EXISTS (SELECT 1 FROM unpositioned_event AS u WHERE u.event_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM event_position AS p WHERE p.event_id = e.id)`;
const FIND = `
SELECT MAX(id) AS newest FROM (${TABLES.map((table) => `SELECT MAX(id) AS id FROM ${table}`).join(' UNION ALL ')}) AS newest;
SELECT e.id, e.correlation_id, e.version FROM (${TABLES.map(
  (table) => `
  SELECT id, correlation_id, version, process_name FROM ${table} WHERE id > @after AND id <= @until`,
).join(' UNION ALL ')}) AS e
WHERE (@process_name IS NULL OR e.process_name = @process_name) AND ${UNPLACED} ORDER BY e.id;`;
/** Unless somebody else has been faster. */
const PLACE = `INSERT INTO unpositioned_event (event_id)
  SELECT e.id FROM (SELECT CAST(@id AS BIGINT) AS id) AS e WHERE ${UNPLACED}`;

interface UnplacedRow {
  id: number | string;
  correlation_id: string;
  version: number;
}

/** Finds events that no reader of the feed comes upon, and mends that: they get the next positions. */
export function createUnplacedEvents(
  readers: sql.ConnectionPool,
): Pick<Verification, 'unplaced' | 'place'> {
  async function look(after: number, until: number, processName: string | undefined) {
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
      UnplacedRow[],
    ];
    return { newest: Number(newest[0]?.newest ?? 0), rows };
  }

  return {
    async unplaced(after, { processName }) {
      const until = Number(after) + RANGE;
      const { newest, rows } = await withRetry(() => look(Number(after), until, processName));
      const differences = [];
      for (const { id } of rows) {
        // One that is given its position in between may be in neither table, for a server without snapshots.
        const again = await withRetry(() => look(Number(id) - 1, Number(id), undefined));
        for (const row of again.rows) {
          differences.push({
            kind: 'event-without-position' as const,
            correlationId: row.correlation_id,
            version: row.version,
            eventId: String(row.id),
            message: 'no reader of the feed comes upon it',
          });
        }
      }
      return { differences, last: until >= newest ? null : String(until) };
    },
    async place(eventId) {
      await withRetry(() => readers.request().input('id', sql.BigInt, eventId).query(PLACE));
      return { done: true, message: `event ${eventId} gets the next position in the feed` };
    },
  };
}
