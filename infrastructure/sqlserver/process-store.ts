import type sql from 'mssql';
import type { IdentifierIndex } from '../../domain/identifiers/index.ts';
import type { ProcessState, ProcessStore } from '../../domain/process/index.ts';
import { PROCESS_COLUMNS, type ProcessRow } from '../sql/columns.ts';
import { fromProcessRow } from '../sql/process-row.ts';
import { isoTimes } from './connection.ts';
import { MAX_BATCH, projectBatch } from './project-batch.ts';
import { withRetry } from './retry.ts';
import { requestFor, rowsOf } from './statements.ts';

const SELECT = `SELECT ${PROCESS_COLUMNS.join(', ')} FROM process_store WHERE correlation_id = @correlation_id`;

/** process_store on SQL Server: processes whose rows were changed meanwhile are read and folded again. */
export function createMssqlProcessStore(options: {
  pool: sql.ConnectionPool;
  list: ProcessStore['list'];
  countPending: ProcessStore['countPending'];
  findUnprojected: ProcessStore['findUnprojected'];
  findUnprojectedEvents: ProcessStore['findUnprojectedEvents'];
  identifierIndex: IdentifierIndex;
}): ProcessStore {
  const { pool, list, countPending, identifierIndex } = options;
  const { findUnprojected, findUnprojectedEvents } = options;

  async function projectMany(correlationIds: readonly string[]): Promise<ProcessState[]> {
    const all: ProcessState[] = [];
    let left = [...new Set(correlationIds)].sort();
    while (left.length > 0) {
      const batch = left.slice(0, MAX_BATCH);
      const { states, changed } = await withRetry(() => projectBatch(pool, identifierIndex, batch));
      all.push(...states);
      left = [...changed, ...left.slice(MAX_BATCH)];
    }
    return all;
  }

  return {
    async get(correlationId) {
      const [row] = await rowsOf<ProcessRow>(requestFor(pool, correlationId), SELECT);
      return row ? fromProcessRow(isoTimes(row)) : null;
    },
    project: async (correlationId) => (await projectMany([correlationId]))[0] ?? null,
    projectMany,
    countPending,
    findUnprojected,
    findUnprojectedEvents,
    list,
  };
}
