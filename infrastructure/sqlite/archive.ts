import type BetterSqlite3 from 'better-sqlite3';
import type { Archive } from '../../domain/archive/index.ts';
import type { Clock } from '../../domain/common/index.ts';
import type { GroupCommit } from './group-commit.ts';
import { createSqliteRestore } from './restore.ts';

/** The archive on SQLite. */
export function createSqliteArchive({
  db,
  groupCommit,
  clock,
  ...others
}: { db: BetterSqlite3.Database; groupCommit: GroupCommit; clock: Clock } & Pick<
  Archive,
  'moveBatch' | 'preview' | 'previewBytes'
>): Archive {
  return { ...others, restore: createSqliteRestore({ db, groupCommit, clock }) };
}
