import type BetterSqlite3 from 'better-sqlite3';
import type { Archive } from '../../domain/archive/index.ts';
import type { Clock } from '../../domain/common/index.ts';
import { COUNT_MOVE } from '../sql/checkpoints.ts';
import {
  REMOVE_ARCHIVED,
  RESTORE_EVENTS,
  RESTORE_IDENTIFIERS,
  RESTORE_PROCESS,
  WHEREABOUTS,
  type Whereabouts,
} from '../sql/restore-rows.ts';
import type { GroupCommit } from './group-commit.ts';
import { overwriting } from './identifiers.ts';

/** `restore` on SQLite: no other writer can come between its statements. */
export function createSqliteRestore(options: {
  db: BetterSqlite3.Database;
  groupCommit: GroupCommit;
  clock: Clock;
}): Archive['restore'] {
  const { db, groupCommit, clock } = options;
  const whereabouts = db.prepare<[object], Whereabouts>(`SELECT ${WHEREABOUTS}`).pluck();
  const restoreEvents = db.prepare(RESTORE_EVENTS);
  const restoreProcess = db.prepare(RESTORE_PROCESS);
  const restoreIdentifiers = db.prepare(RESTORE_IDENTIFIERS);
  const countMove = db.prepare(COUNT_MOVE);
  const removals = REMOVE_ARCHIVED.map((statement) => db.prepare(statement));
  return (correlationId) =>
    groupCommit.write(() => {
      const key = { correlation_id: correlationId };
      const place = whereabouts.get(key) ?? 'unknown';
      if (place !== 'archived') return place;
      restoreEvents.run(key);
      restoreProcess.run({ ...key, now: new Date(clock()).toISOString() });
      restoreIdentifiers.run(key);
      overwriting(db, () => {
        for (const removal of removals) removal.run(key);
      });
      countMove.run();
      return 'restored';
    });
}
