import type { Partition } from '../archive/index.ts';
import type { IndexedProcess } from '../identifiers/index.ts';
import type { ProcessState } from '../process/index.ts';
import { inspectProcess, type ProcessParts } from './inspect-process.ts';
import { REPAIRABLE } from './verification.ts';

type RepairPlan =
  /** There is nothing to do, or nothing may be done. */
  | { kind: 'none'; done: boolean; message: string }
  | { kind: 'remove-rows'; message: string }
  /** Write the row and the identifiers beside its events, and remove those from the other partition. */
  | {
      kind: 'write';
      partition: Partition;
      state: ProcessState;
      archivedAt: string | null;
      identifiers: IndexedProcess;
      message: string;
    };

/** Later than all times. */
const FAR_FUTURE = '9999';

/**
 * Decides how a process is repaired. A row is written again from its events only where these are sound:
 * otherwise the row would take over what somebody did to the events, and their last trace would be lost.
 */
export function planRepair(parts: ProcessParts): RepairPlan {
  const { correlationId, live, archived } = parts;
  // A row that has not seen all events is brought up to them as well.
  const { differences } = inspectProcess(parts, FAR_FUTURE);
  const obstacle = differences.find(({ kind }) => !REPAIRABLE.includes(kind));
  if (obstacle) {
    return { kind: 'none', done: false, message: `nothing was changed: ${obstacle.message}` };
  }
  if (differences.length === 0) return { kind: 'none', done: true, message: 'is in order by now' };
  const partition = live.stream ? 'live' : 'archived';
  const stream = live.stream ?? archived.stream;
  if (!stream) {
    const rows = [live.row, archived.row].filter((row) => row !== null);
    const said = rows.map(({ status, version }) => `${status} at version ${version}`).join(', ');
    const message =
      rows.length > 0
        ? `removed the row without events, which said ${said}`
        : 'removed the identifiers, for which there are no events';
    return { kind: 'remove-rows', message };
  }
  const { state, archivedAt, events } = stream;
  if (!state) throw new Error(`the stream ${correlationId} is sound and has no state`);
  const table = partition === 'live' ? 'process_store' : 'process_store_archive';
  const message = `wrote its row in ${table} again from ${events} events`;
  const identifiers = parts[partition].expected ?? { rows: [], isLocked: false };
  return { kind: 'write', partition, state, archivedAt, identifiers, message };
}
