import type BetterSqlite3 from 'better-sqlite3';
import type { SignalByJob, Values } from '../../../domain/bpmn/index.ts';

/** A signal that has been thrown. */
export interface ThrownSignal {
  readonly name: string;
  readonly variables: Values;
  readonly byJob: SignalByJob | null;
}

/** A signal on its way to what waited for it in one root when it was thrown. */
export interface PendingSignal extends ThrownSignal {
  readonly id: number;
  readonly waits: readonly number[];
}

/**
 * Signals that have been thrown and not reached all their receivers yet: too many roots waited for one transaction. Who
 * receives one is set down in the transaction that throws it, and taken off in the one in which a root has it.
 */
export interface SignalRows {
  /** To all that wait for it, except for these roots. @returns false when there are no others */
  insert(signal: ThrownSignal, exceptRoots: readonly string[]): boolean;
  /** In the order in which they were thrown. */
  pendingOf(rootId: string): PendingSignal[];
  /** The next roots that a signal is on its way to: the oldest signal first. */
  nextRoots(limit: number): string[];
  /** A root has had its signals up to this one. */
  delete(rootId: string, lastSignal: number): void;
  /** A root cannot have its signals: others do not wait for it. */
  hold(rootId: string): void;
  /** Those that were held are tried again. */
  release(): void;
}

interface PendingRow {
  id: number;
  name: string;
  variables: string;
  by_job: SignalByJob | null;
  wait: number;
}

export function createSignalRows(db: BetterSqlite3.Database): SignalRows {
  const insert = db.prepare('INSERT INTO engine_signal (name, variables, by_job) VALUES (?, ?, ?)');
  const insertReceivers = db.prepare(
    `INSERT INTO engine_signal_receiver (root_id, signal_id, wait)
     SELECT root_id, ?, wait FROM engine_wait
     WHERE kind = 'signal' AND name = ? AND root_id NOT IN (SELECT value FROM json_each(?))`,
  );
  const pendingOf = db.prepare<[string], PendingRow>(
    `SELECT s.id, s.name, s.variables, s.by_job, r.wait
     FROM engine_signal_receiver r JOIN engine_signal s ON s.id = r.signal_id
     WHERE r.root_id = ? ORDER BY r.signal_id, r.wait`,
  );
  const nextRoots = db
    .prepare<[number], string>(
      'SELECT root_id FROM engine_signal_receiver WHERE held = 0 ORDER BY signal_id, root_id LIMIT ?',
    )
    .pluck();
  const remove = db.prepare(
    'DELETE FROM engine_signal_receiver WHERE root_id = ? AND signal_id <= ?',
  );
  const removeDelivered = db.prepare(
    `DELETE FROM engine_signal WHERE NOT EXISTS
       (SELECT 1 FROM engine_signal_receiver r WHERE r.signal_id = engine_signal.id)`,
  );
  const hold = db.prepare('UPDATE engine_signal_receiver SET held = 1 WHERE root_id = ?');
  const release = db.prepare('UPDATE engine_signal_receiver SET held = 0 WHERE held = 1');

  return {
    insert({ name, variables, byJob }, exceptRoots) {
      const { lastInsertRowid } = insert.run(name, JSON.stringify(variables), byJob);
      const others = JSON.stringify(exceptRoots);
      if (insertReceivers.run(lastInsertRowid, name, others).changes > 0) return true;
      removeDelivered.run();
      return false;
    },
    pendingOf(rootId) {
      const found: (PendingSignal & { waits: number[] })[] = [];
      for (const { id, name, variables, by_job: byJob, wait } of pendingOf.all(rootId)) {
        const last = found.at(-1);
        if (last?.id === id) last.waits.push(wait);
        else
          found.push({
            id,
            name,
            byJob,
            variables: JSON.parse(variables) as Values,
            waits: [wait],
          });
      }
      return found;
    },
    nextRoots: (limit) => [...new Set(nextRoots.all(limit))],
    delete(rootId, lastSignal) {
      remove.run(rootId, lastSignal);
      removeDelivered.run();
    },
    hold: (rootId) => void hold.run(rootId),
    release() {
      release.run();
      removeDelivered.run();
    },
  };
}
