import type BetterSqlite3 from 'better-sqlite3';
import { createGroupCommit, type GroupCommit } from '../../sqlite/group-commit.ts';
import { emptyLog } from '../../sqlite/open.ts';
import { createDefinitionRows, type DefinitionRows } from './definition-rows.ts';
import { createExternalTaskRows, type ExternalTaskRows } from './external-task-rows.ts';
import { createInstanceRows, type InstanceRows } from './instance-rows.ts';
import { createOldRows, type OldRows } from './old-rows.ts';
import { createOpenCounts, type OpenCounts } from './open-counts.ts';
import { createTables } from './schema.ts';
import { createSignalRows, type SignalRows } from './signal-rows.ts';
import { createStartEventRows, type StartEventRows } from './start-event-rows.ts';
import { createStateRows, type StateRows } from './state-rows.ts';
import { createUserTaskRows, type UserTaskRows } from './user-task-rows.ts';
import { createWaitRows, type WaitRows } from './wait-rows.ts';

/** The engine's tables. What it writes is written inside `commit`. */
export interface EngineStore {
  readonly definitions: DefinitionRows;
  readonly startEvents: StartEventRows;
  readonly instances: InstanceRows;
  readonly states: StateRows;
  readonly openCounts: Omit<OpenCounts, 'change'>;
  readonly externalTasks: ExternalTaskRows;
  readonly userTasks: UserTaskRows;
  readonly waits: WaitRows;
  readonly signals: SignalRows;
  /** What the engine before this one left in the file. */
  readonly old: OldRows | null;
  readonly commit: GroupCommit['write'];
  readonly onRolledBack: GroupCommit['onRolledBack'];
  /** Leaves nothing of deleted rows in the file, when it is opened `zeroing`. */
  erase(): Promise<void>;
}

/**
 * In the file of the event store the engine writes through the same connection, `ordered`: what it commits alone is not
 * synced. It goes to the same write-ahead log as the events, whose next commit is synced and takes it along. So
 * whatever the service has recorded of an answer of the engine, the engine still knows after a power cut; what it had
 * not recorded, it asks again.
 *
 * @param zeroing overwrites what is deleted or replaced: variables stay nowhere in the file when their instance is gone
 * @param group what commits writes of this connection; left out: the connection is the engine's own
 */
export function createEngineStore(
  db: BetterSqlite3.Database,
  zeroing = false,
  group: GroupCommit = createGroupCommit(db),
): EngineStore {
  if (zeroing) db.pragma('secure_delete = ON');
  createTables(db);
  const openCounts = createOpenCounts(db);
  group.onCommitting(openCounts.flush);
  group.onRolledBack(openCounts.drop);
  const states = createStateRows(db, openCounts);
  return {
    definitions: createDefinitionRows(db),
    startEvents: createStartEventRows(db),
    instances: createInstanceRows(db, states),
    states,
    openCounts,
    externalTasks: createExternalTaskRows(db),
    userTasks: createUserTaskRows(db),
    waits: createWaitRows(db),
    signals: createSignalRows(db),
    old: createOldRows(db),
    commit: group.write,
    onRolledBack: group.onRolledBack,
    async erase() {
      if (zeroing) await emptyLog(db);
    },
  };
}
