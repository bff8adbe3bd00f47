import sql from 'mssql';
import type { ArchiveCount, ArchivedVersion, Purge } from '../../domain/archive/index.ts';
import { COUNT_MOVE } from '../sql/checkpoints.ts';
import { WHOLE } from '../sql/purge-rows.ts';
import { withRetry } from './retry.ts';
import { lockStream } from './stream-lock.ts';
import { SHARE_TABLES } from './table-lock.ts';

/** Processes of one statement: two parameters each, and the server takes 2,100. */
const MAX_PROCESSES = 500;
const NONE: ArchiveCount = { processes: 0, events: 0 };

const given = (count: number): string =>
  Array.from({ length: count }, (_, at) => `(@stream${at}, @version${at})`).join(', ');

/** Processes of files that were purged before do not exist any more: a read without locks. */
const there = (count: number): string => `
SELECT p.correlation_id, p.version FROM process_store_archive AS p
  JOIN (VALUES ${given(count)}) AS given (correlation_id, version)
  ON p.correlation_id = given.correlation_id AND p.version = given.version;`;

/**
 * Deletes under the locks of the streams, taken in the order of the ids as by a move: a late event of one of them waits,
 * and an earlier one is seen. In this order an event that gets its position meanwhile loses it, too.
 */
function removeStatement(count: number, keepKeys: boolean): string {
  const locks = Array.from({ length: count }, (_, at) => lockStream(`@stream${at}`));
  const chosen = 'WHERE correlation_id IN (SELECT correlation_id FROM @chosen)';
  return `
SET XACT_ABORT ON;
DECLARE @lock INT, @processes INT = 0, @events INT = 0;
DECLARE @chosen TABLE (correlation_id VARCHAR(255) COLLATE Latin1_General_BIN2 PRIMARY KEY);
DECLARE @gone TABLE (event_id BIGINT PRIMARY KEY);
BEGIN TRANSACTION;
${locks.join('\n')}
${SHARE_TABLES}
INSERT INTO @chosen (correlation_id) SELECT p.correlation_id FROM process_store_archive AS p
  JOIN (VALUES ${given(count)}) AS given (correlation_id, version)
  ON p.correlation_id = given.correlation_id AND p.version = given.version
  WHERE ${WHOLE};
DELETE FROM process_store_archive ${chosen};
SET @processes = @@ROWCOUNT;
DELETE FROM process_identifier_archive ${chosen};
INSERT INTO @gone (event_id) SELECT id FROM event_log_archive ${chosen};
DELETE FROM event_log_archive ${chosen};
SET @events = @@ROWCOUNT;
DELETE FROM unpositioned_event WHERE event_id IN (SELECT event_id FROM @gone);
DELETE FROM event_position WHERE event_id IN (SELECT event_id FROM @gone);
${keepKeys ? '' : `DELETE FROM process_key ${chosen};`}
IF @processes > 0 ${COUNT_MOVE};
COMMIT TRANSACTION;
SELECT @processes AS processes, @events AS events;`;
}

/** `remove` on SQL Server. */
export function createMssqlRemove(pool: sql.ConnectionPool): Purge['remove'] {
  const bind = (processes: readonly ArchivedVersion[]): sql.Request => {
    const request = pool.request();
    for (const [at, { correlationId, version }] of processes.entries()) {
      request.input(`stream${at}`, sql.VarChar(255), correlationId);
      request.input(`version${at}`, sql.Int, version);
    }
    return request;
  };

  async function removeSome(
    processes: readonly ArchivedVersion[],
    keepKeys: boolean,
  ): Promise<ArchiveCount> {
    const { recordset: found } = await bind(processes).query<{
      correlation_id: string;
      version: number;
    }>(there(processes.length));
    if (found.length === 0) return NONE;
    const left = found
      .map(({ correlation_id: correlationId, version }) => ({ correlationId, version }))
      .sort((a, b) => (a.correlationId < b.correlationId ? -1 : 1));
    const { recordset } = await bind(left).query<ArchiveCount>(
      removeStatement(left.length, keepKeys),
    );
    return recordset[0] ?? NONE;
  }

  return async (processes, { keepKeys }) => {
    if (processes.length > MAX_PROCESSES) {
      throw new RangeError(`one call deletes ${MAX_PROCESSES} processes at most`);
    }
    if (processes.length === 0) return NONE;
    return withRetry(() => removeSome(processes, keepKeys));
  };
}
