import sql from 'mssql';
import type { Archive } from '../../domain/archive/index.ts';
import { COUNT_MOVE } from '../sql/checkpoints.ts';
import {
  REMOVE_ARCHIVED,
  RESTORE_EVENTS,
  RESTORE_PROCESS,
  WHEREABOUTS,
  type Whereabouts,
} from '../sql/restore-rows.ts';
import { withRetry } from './connection.ts';
import { BEGIN_WITH_STREAM_LOCK } from './stream-lock.ts';
import { SHARE_TABLES } from './table-lock.ts';

/**
 * Under the lock of the stream, as a move the other way. IDENTITY_INSERT lets the events keep their ids; it
 * needs the right to alter the table, and is a setting of the session, which SQL Server sets back at the end
 * of a batch with parameters, however it ends
 * (https://learn.microsoft.com/sql/t-sql/statements/set-statements-transact-sql#considerations-when-you-use-the-set-statements).
 * It is set back by hand as well: servers that speak T-SQL without being SQL Server may not do so.
 */
const RESTORE = `${BEGIN_WITH_STREAM_LOCK}
${SHARE_TABLES}
DECLARE @now DATETIME2(3) = SYSUTCDATETIME(), @place VARCHAR(20);
SET @place = ${WHEREABOUTS};
IF @place = 'archived'
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
  ${REMOVE_ARCHIVED.join(';\n  ')};
  ${COUNT_MOVE};
END
COMMIT TRANSACTION;
SELECT @place AS place;`;

/** `restore` on SQL Server. */
export function createMssqlRestore(pool: sql.ConnectionPool): Archive['restore'] {
  return async (correlationId) => {
    let doubt = false;
    const { recordset } = await withRetry(
      () =>
        pool
          .request()
          .input('correlation_id', sql.VarChar(255), correlationId)
          .query<{ place: Whereabouts }>(RESTORE),
      {
        onDoubt: () => {
          doubt = true;
        },
      },
    );
    const place = recordset[0]?.place ?? 'unknown';
    // An attempt whose connection was lost has done it.
    if (place === 'archived' || (doubt && place === 'restored-before')) return 'restored';
    return place;
  };
}
