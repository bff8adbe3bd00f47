import type sql from 'mssql';
import type { Archive } from '../../domain/archive/index.ts';
import { createMoveBatch } from './move-batch.ts';
import { createMssqlRestore } from './restore.ts';

/** The archive on SQL Server. */
export function createMssqlArchive({
  pool,
  ...previews
}: { pool: sql.ConnectionPool } & Pick<Archive, 'preview' | 'previewBytes'>): Archive {
  return {
    moveBatch: createMoveBatch(pool),
    ...previews,
    restore: createMssqlRestore(pool),
  };
}
