import type sql from 'mssql';
import type { Archive } from '../../domain/archive/index.ts';
import { COUNT_MOVE } from '../sql/checkpoints.ts';
import {
  REMOVE_ARCHIVED,
  RESTORE_EVENTS,
  RESTORE_IDENTIFIERS,
  RESTORE_PROCESS,
  WHEREABOUTS,
  type Whereabouts,
} from '../sql/restore-rows.ts';
import { withRetry } from './retry.ts';
import { requestFor } from './statements.ts';
import { BEGIN_WITH_STREAM_LOCK } from './stream-lock.ts';
import { SHARE_TABLES } from './table-lock.ts';

/**
 * Under the lock of the stream, as the move to the archive. IDENTITY_INSERT lets the events keep their ids; it needs the
 * right to alter the table, and is a setting of the session, which SQL Server resets at the end of a batch with
 * parameters, however it ends
 * (https://learn.microsoft.com/sql/t-sql/statements/set-statements-transact-sql#considerations-when-you-use-the-set-statements).
 * It is reset explicitly as well, because servers that speak T-SQL without being SQL Server may not do so.
 */
const RESTORE = `${BEGIN_WITH_STREAM_LOCK}
${SHARE_TABLES}
DECLARE @now DATETIME2(3) = SYSUTCDATETIME(), @found VARCHAR(20);
SET @found = ${WHEREABOUTS};
IF @found = 'archived'
BEGIN
  SET IDENTITY_INSERT event_log ON;
  BEGIN TRY
    ${RESTORE_EVENTS};
    SET IDENTITY_INSERT event_log OFF;
  END TRY
  BEGIN CATCH
    IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
    SET IDENTITY_INSERT event_log OFF;
    THROW;
  END CATCH
  ${RESTORE_PROCESS};
  ${RESTORE_IDENTIFIERS};
  ${REMOVE_ARCHIVED.join(';\n  ')};
  ${COUNT_MOVE};
END
COMMIT TRANSACTION;
SELECT @found AS found;`;

/** `restore` on SQL Server. */
export function createMssqlRestore(pool: sql.ConnectionPool): Archive['restore'] {
  return async (correlationId) => {
    let doubt = false;
    const { recordset } = await withRetry(
      () => requestFor(pool, correlationId).query<{ found: Whereabouts }>(RESTORE),
      {
        onDoubt: () => {
          doubt = true;
        },
      },
    );
    const found = recordset[0]?.found ?? 'unknown';
    // Restored now, or by an earlier attempt whose connection was lost.
    if (found === 'archived' || (doubt && found === 'restored-before')) return 'restored';
    return found;
  };
}
