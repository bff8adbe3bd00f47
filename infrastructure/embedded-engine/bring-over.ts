import BetterSqlite3 from 'better-sqlite3';
import type { Log } from '../../domain/common/index.ts';
import { type BringOver, bringOverInstance } from './bring-over-instance.ts';
import type { Definitions } from './definitions.ts';
import { messageOf } from './errors.ts';
import type { States } from './states.ts';
import type { OldInstanceRow } from './store/old-rows.ts';
import type { EngineStore } from './store/store.ts';

/** Instances that are committed together. */
const BATCH = 200;
/** Instances that are named one by one at a start. */
const MAX_NAMED = 100;
/** An id after which all come. */
const BEFORE_ALL = '';

interface Stuck {
  readonly row: OldInstanceRow;
  readonly reason: string;
}

/**
 * Brings the instances of the engine before this one over, when the engine is opened. Each is written as a whole with
 * its mark, so that a process that is killed meanwhile continues at its next start.
 *
 * One that cannot be brought over stays in its table, and is tried again at every start. Until then this engine has it
 * as a running instance without a state: it is found, counts as one that stands still, and can be deleted. Were it not
 * known here, the reconciler would take it for deleted and end its process.
 */
export function bringOverInstances(options: {
  store: EngineStore;
  states: Pick<States, 'setUnreadable'>;
  definitions: Definitions;
  now: number;
  newId: () => string;
  log: Pick<Log, 'warn'> & Partial<Pick<Log, 'info'>>;
}): void {
  const { store, states, definitions, now, newId, log } = options;
  const { old } = store;
  if (!old) return;
  const context = { now, newId, program: readOnce(definitions), find: definitions.called };
  const stuck: Stuck[] = [];
  const total = old.count();
  let seen = 0;
  for (let after: string | undefined = BEFORE_ALL; after !== undefined; ) {
    const from: string = after;
    const { rows, failed } = old.transaction(() => {
      const batch = old.instances(from, BATCH);
      const work = { store, old, definitions, context };
      return { rows: batch, failed: batch.flatMap((row) => bringOver(row, work) ?? []) };
    });
    stuck.push(...failed);
    seen += rows.length;
    after = rows.at(-1)?.id;
    if (total > BATCH && rows.length > 0)
      log.info?.(
        { seen, total },
        'engine: brings over the instances of the engine before this one',
      );
  }
  for (const { row, reason } of stuck) states.setUnreadable(row.id, new Error(reason));
  warn(stuck, log);
}

/** The programs; of a model that is refused the reason is kept, for all its instances. */
function readOnce(definitions: Definitions): Definitions['program'] {
  const refused = new Map<string, unknown>();
  return (definitionId) => {
    if (refused.has(definitionId)) throw refused.get(definitionId);
    try {
      return definitions.program(definitionId);
    } catch (error) {
      refused.set(definitionId, error);
      throw error;
    }
  };
}

/** @returns why it could not be brought over */
function bringOver(row: OldInstanceRow, work: BringOver): Stuck | null {
  const { store, old, context } = work;
  const known = store.instances.byId(row.id);
  if (known && known.state !== 'ACTIVE') {
    // It stood still, and has been deleted since.
    old.setInstanceDone(row.id, context.now);
    return null;
  }
  try {
    old.transaction(() => {
      if (row.state === 'ACTIVE') bringOverInstance(row, work);
      else old.setEndedBefore(row);
      old.setInstanceDone(row.id, context.now);
      store.openCounts.flush();
    });
    return null;
  } catch (error) {
    store.openCounts.drop();
    // The file itself cannot be written: that is no trouble of this instance.
    if (error instanceof BetterSqlite3.SqliteError) throw error;
    if (!known) insertStuck(row, store);
    return { row, reason: messageOf(error) };
  }
}

function insertStuck(row: OldInstanceRow, store: EngineStore): void {
  store.instances.insert({
    id: row.id,
    root_id: row.id,
    node: 1,
    definition_id: row.definition_id,
    process_key: row.process_key,
    business_key: row.business_key,
    super_id: null,
    super_activity_id: null,
    super_node: null,
    started_at: row.started_at,
    start_activity_id: null,
  });
}

function warn(stuck: readonly Stuck[], log: Pick<Log, 'warn'>): void {
  for (const { row, reason } of stuck.slice(0, MAX_NAMED)) {
    const { id: processInstanceId, business_key: correlationId, process_key: processKey } = row;
    log.warn(
      { processInstanceId, correlationId, processKey, reason },
      'engine: an instance of the engine before this one could not be brought over and stands still; cancel it and start it again. Its data stays in the table engine_instance',
    );
  }
  if (stuck.length > MAX_NAMED) {
    log.warn(
      { instances: stuck.length, named: MAX_NAMED },
      'engine: more instances could not be brought over: those in engine_instance without a brought_over_at',
    );
  }
}
