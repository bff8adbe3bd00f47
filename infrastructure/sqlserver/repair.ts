import sql from 'mssql';
import type { Partition } from '../../domain/archive/index.ts';
import {
  type ProcessParts,
  planRepair,
  type Repair,
  type Verification,
} from '../../domain/projection/index.ts';
import { PROCESS_COLUMNS } from '../sql/columns.ts';
import { identifiersAsJson } from '../sql/identifier-rows.ts';
import { toProcessRow } from '../sql/process-row.ts';
import { insertIdentifiers } from './identifiers.ts';
import { bindProcess } from './project-batch.ts';
import { withRetry } from './retry.ts';
import { requestFor } from './statements.ts';
import { BEGIN_WITH_STREAM_LOCK } from './stream-lock.ts';
import { SHARE_TABLES } from './table-lock.ts';

const [, ...COLUMNS] = PROCESS_COLUMNS;

/** Writes the row where the events are, and removes one from where they are not. */
function write(partition: Partition): string {
  const [here, there] = partition === 'live' ? ['', '_archive'] : ['_archive', ''];
  const columns = partition === 'live' ? COLUMNS : [...COLUMNS, 'archived_at'];
  const of = (table: string): string =>
    `(SELECT MAX(version) FROM ${table} WHERE correlation_id = @correlation_id)`;
  return `${BEGIN_WITH_STREAM_LOCK}
${SHARE_TABLES}
DECLARE @written INT = 0;
IF ${of(`event_log${here}`)} = @version AND ${of(`event_log${there}`)} IS NULL
BEGIN
  DELETE FROM process_store${there} WHERE correlation_id = @correlation_id;
  UPDATE process_store${here} SET ${columns.map((name) => `${name} = @${name}`).join(', ')}
    WHERE correlation_id = @correlation_id;
  IF @@ROWCOUNT = 0
    INSERT INTO process_store${here} (correlation_id, ${columns.join(', ')})
    VALUES (@correlation_id, ${columns.map((name) => `@${name}`).join(', ')});
  DELETE FROM process_identifier${there} WHERE correlation_id = @correlation_id;
  DELETE FROM process_identifier${here} WHERE correlation_id = @correlation_id AND is_hashed <= @hashed;
  ${insertIdentifiers(`process_identifier${here}`, `process_store${here}`)}
  SET @written = 1;
END
COMMIT TRANSACTION;
SELECT @written AS written;`;
}

const WRITE = { live: write('live'), archived: write('archived') };
const REMOVE = `${BEGIN_WITH_STREAM_LOCK}
${SHARE_TABLES}
DECLARE @written INT = 0;
IF NOT EXISTS (SELECT 1 FROM event_log WHERE correlation_id = @correlation_id)
  AND NOT EXISTS (SELECT 1 FROM event_log_archive WHERE correlation_id = @correlation_id)
BEGIN
  DELETE FROM process_store WHERE correlation_id = @correlation_id;
  DELETE FROM process_store_archive WHERE correlation_id = @correlation_id;
  DELETE FROM process_identifier WHERE correlation_id = @correlation_id;
  DELETE FROM process_identifier_archive WHERE correlation_id = @correlation_id;
  SET @written = 1;
END
COMMIT TRANSACTION;
SELECT @written AS written;`;

/** `repair` on SQL Server: it reads and writes under two locks of the stream, and again if events came between. */
export function createRepair(
  pool: sql.ConnectionPool,
  readParts: (correlationId: string) => Promise<ProcessParts>,
): Verification['repair'] {
  /** Null when the events have changed since the plan was made. */
  async function repairOnce(id: string): Promise<Repair | null> {
    const plan = planRepair(await readParts(id));
    if (plan.kind === 'none') return { done: plan.done, message: plan.message };
    const request =
      plan.kind === 'write'
        ? bindProcess(pool.request(), toProcessRow(plan.state))
            .input(
              'archived_at',
              sql.DateTime2(3),
              plan.archivedAt === null ? null : new Date(plan.archivedAt),
            )
            .input('identifiers', sql.NVarChar(sql.MAX), identifiersAsJson(plan.identifiers.rows))
            // Hashes that cannot be computed without their master key stay.
            .input('hashed', sql.SmallInt, plan.identifiers.isLocked ? 0 : 1)
        : requestFor(pool, id);
    const statement = plan.kind === 'write' ? WRITE[plan.partition] : REMOVE;
    const { recordset } = await request.query<{ written: number }>(statement);
    return recordset[0]?.written === 1 ? { done: true, message: plan.message } : null;
  }

  return async (id) => {
    for (;;) {
      const repair = await withRetry(() => repairOnce(id));
      if (repair) return repair;
    }
  };
}
