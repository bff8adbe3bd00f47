import { afterFailure, nextRepeat } from '../../domain/bpmn/index.ts';
import { isTransient } from '../../domain/common/index.ts';
import type { EngineCore } from './engine-core.ts';
import { messageOf } from './errors.ts';
import { jobId } from './public-ids.ts';
import { nothingVisible } from './start-events.ts';
import type { StartEventRow } from './store/rows.ts';
import type { Unit } from './unit-of-work.ts';

/** Jobs that start instances: timers, and signals that were thrown with `camunda:async`. */
export interface StartJobs {
  /**
   * Starts an instance, and makes the timer wait for its next time.
   *
   * @returns why it failed, and when it is tried again; null when it was done, here or elsewhere
   */
  run(start: StartEventRow): Promise<{ reason: string; nextDue: number | null } | null>;
}

export function createStartJobs(core: EngineCore): StartJobs {
  const { store, definitions, log } = core;

  /** The row, unless it has been run since it was read. */
  function current({ definition_id, number, due }: StartEventRow): StartEventRow | undefined {
    const row = store.startEvents.get(definition_id, number);
    return row?.due === due ? row : undefined;
  }

  function nextTime({ repeat, due }: StartEventRow, now: number) {
    return repeat === null ? null : nextRepeat(repeat, due ?? now, now);
  }

  function startNow(row: StartEventRow, unit: Unit): void {
    const { definition_id: definitionId, element, number } = row;
    unit.start(definitionId, { businessKey: null, variables: {}, startEvent: element });
    const next = nextTime(row, unit.now);
    unit.defer(() => {
      if (next) store.startEvents.update({ ...row, due: next.due, repeat: next.repeat });
      else store.startEvents.delete(definitionId, number);
    });
  }

  /** Null also when the model cannot be read: that is why it has failed. */
  function cycleOf({ kind, definition_id, element }: StartEventRow) {
    if (kind !== 'timer') return null;
    try {
      return definitions.program(definition_id).elements[element]?.retryCycle ?? null;
    } catch {
      return null;
    }
  }

  /** The next time of a cycle comes whether this one succeeds or not. */
  function fail(row: StartEventRow, exception: string, unit: Unit): StartEventRow {
    const { definition_id: definitionId } = row;
    const { retries, due } = afterFailure(
      { retries: row.retries, isFirst: row.exception === null },
      cycleOf(row),
      nothingVisible(unit.now),
      row.kind === 'timer' ? (core.retryCycle ?? null) : null,
    );
    const next = nextTime(row, unit.now);
    const failed = {
      ...row,
      ...{ retries, exception, due: due ?? row.due, repeat: next ? null : row.repeat },
      failed_at: retries === 0 && row.retries > 0 ? unit.now : row.failed_at,
    };
    unit.defer(() => {
      store.startEvents.update(failed);
      if (!next) return;
      const number = store.startEvents.nextNumber(definitionId);
      store.startEvents.insert({ ...row, ...next, number, created_at: unit.now });
    });
    return failed;
  }

  return {
    async run(given) {
      try {
        await core.run((unit) => {
          const row = current(given);
          if (row) startNow(row, unit);
        });
        return null;
      } catch (error) {
        if (isTransient(error)) throw error;
        const reason = messageOf(error);
        const failed = await core.run((unit) => {
          const row = current(given);
          return row && fail(row, reason, unit);
        });
        if (!failed) return null;
        if (failed.retries === 0) {
          const { definition_id: definitionId, number } = failed;
          log.warn(
            { definitionId, jobId: jobId(definitionId, number), reason },
            'engine: a job could not start its process and has no retries left',
          );
        }
        return { reason, nextDue: failed.retries > 0 ? failed.due : null };
      }
    },
  };
}
